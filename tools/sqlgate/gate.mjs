// The grammar gate: `node gate.mjs <folder>` parses the statements in oracle.sql with a PL/SQL
// grammar and those in mssql.sql with a T-SQL grammar, and proves on statements of other dialects
// that the grammars refuse what they should.
import fs from 'node:fs';
import path from 'node:path';
import { getParserFromInput } from '@griffithswaite/ts-plsql-parser';
import tsql from 'node-sql-parser';

// A parser returns what is wrong with one statement; nothing when all is well.
function parseOracle(statement) {
  const faults = [];
  const parser = getParserFromInput(statement + ';');
  parser.removeErrorListeners();
  parser.addErrorListener({
    syntaxError: (_recognizer, _symbol, line, column, message) => faults.push(`${line}:${column} ${message}`),
    reportAmbiguity() {},
    reportAttemptingFullContext() {},
    reportContextSensitivity() {},
  });
  parser.sql_script();
  return faults[0];
}

const sqlServer = new tsql.Parser();

function parseSQLServer(statement) {
  try {
    sqlServer.astify(statement, { database: 'transactsql' });
  } catch (error) {
    return error.message;
  }
  // This grammar is lenient about what belongs to other databases.
  const foreign = /\bLIMIT\b|\bRECURSIVE\b|`|\|\||(^|[^@\w]):\d|\$\d/i.exec(statement);
  return foreign ? `${foreign[0]} is not T-SQL` : undefined;
}

const dialects = [
  {
    file: 'oracle.sql',
    parse: parseOracle,
    refused: [
      'SELECT p.dbid FROM cfg_person p LIMIT 5',
      'SELECT p.dbid FROM cfg_person AS p WHERE p.dbid = 1',
      'WITH RECURSIVE s AS (SELECT t.dbid FROM cfg_tenant t) SELECT s.dbid FROM s',
      'SELECT [dbid] FROM cfg_person',
      'SELECT TOP 5 p.dbid FROM cfg_person p',
      'SELECT p.dbid FROM cfg_person p WHERE p.dbid = @p1',
    ],
  },
  {
    file: 'mssql.sql',
    parse: parseSQLServer,
    refused: [
      'SELECT p.dbid FROM cfg_person p LIMIT 5',
      'WITH RECURSIVE s AS (SELECT t.dbid FROM cfg_tenant t) SELECT s.dbid FROM s',
      'SELECT `dbid` FROM cfg_person',
      'SELECT p.dbid FROM cfg_person p WHERE p.dbid = $1',
      'SELECT p.dbid FROM cfg_person p WHERE p.dbid = :1',
      'SELECT p.dbid FROM cfg_person p WHERE',
    ],
  },
];

// Statements are separated by an empty line and begin with their name as a comment.
function statements(file) {
  return fs.readFileSync(file, 'utf8').split(/\n\n/).filter((block) => block.trim()).map((block) => {
    const [name, ...lines] = block.trim().split('\n');
    return { name: name.replace(/^-- /, ''), text: lines.join('\n').replace(/;$/, '') };
  });
}

let failed = false;
const complain = (text) => {
  failed = true;
  console.error(`sqlgate: ${text}`);
};

for (const dialect of dialects) {
  const all = statements(path.join(process.argv[2], dialect.file));
  if (all.length < 30) complain(`${dialect.file}: only ${all.length} statements`);
  for (const { name, text } of all) {
    const fault = dialect.parse(text);
    if (fault) complain(`${dialect.file}: ${name}: ${fault}\n${text}`);
  }
  for (const text of dialect.refused) {
    if (!dialect.parse(text)) complain(`${dialect.file}: the grammar takes what it must refuse: ${text}`);
  }
  console.log(`sqlgate: ${dialect.file}: ${all.length} statements, ${dialect.refused.length} that must be refused`);
}
process.exit(failed ? 1 : 0);
