// The page of the lab: follows the EX org by its snapshot and its stream of changes.
import { at, byId, clock, drawAgents, drawConversations, drawQueues, drawRecordings, el, growLive, keyed, number, write } from "./panels.js";

const snapshotURL = "/lab/v1/org?conversations=40";
const streamURL = "/lab/v1/org/stream?conversations=500";
const verdictURL = "/lab/v1/verdict";
const refreshEvery = 10_000; // users, queues and members are not part of the stream
const verdictEvery = 2_500;
const growEvery = 250; // as long as the transition of a bar
const endedKept = 100;

const state = {
  orgID: "", name: "", at: 0, users: [], queues: [], conversations: new Map(), agentStates: new Map(), recordings: new Map(),
  recordingsOf: new Map(), userNames: new Map(), queueNames: new Map(), wrapupNames: new Map(), programNames: new Map(),
  totals: {}, counters: {},
};
let link = "connecting";
let ahead = 0; // how far the lab's clock is ahead of this one, in ms
let frozen = 0; // the lab's time when it went away

const labNow = () => frozen || Date.now() + ahead;
const sum = (counts) => Object.values(counts ?? {}).reduce((a, b) => a + b, 0);
const collator = new Intl.Collator(undefined, { numeric: true, sensitivity: "base" });
const named = (list, name) => (list ?? []).toSorted((a, b) => collator.compare(name(a), name(b)) || (a.id < b.id ? -1 : 1));
const names = (list, name) => new Map((list ?? []).map((item) => [item.id, name(item)]));

// ---- state

// merge takes what changed. A message that is older than the last one says nothing new about these.
function merge(message) {
  const time = at(message.at) ?? Date.now();
  if (time < state.at) return;
  state.at = time;
  ahead = time - Date.now();
  for (const c of message.conversations ?? []) {
    const known = state.conversations.get(c.id);
    if (!known || known.events !== c.events || known.end !== c.end || known.lastEvent !== c.lastEvent) state.conversations.set(c.id, c);
  }
  for (const a of message.agentStates ?? []) state.agentStates.set(a.userId, a);
  for (const r of message.recordings ?? []) state.recordings.set(r.uploadKey, r);
  if (message.totals) state.totals = message.totals;
  if (message.counters) state.counters = message.counters;
  prune(state.conversations, endedKept, (c) => at(c.start), (c) => at(c.end));
  prune(state.recordings, endedKept, (r) => at(r.uploadedAt), () => true);
  state.recordingsOf.clear();
  for (const r of state.recordings.values()) {
    const key = r.conversationId || r.callUUID;
    if (key) state.recordingsOf.set(key, [...(state.recordingsOf.get(key) ?? []), r]);
  }
}

// prune forgets the oldest of those that may go.
function prune(map, keep, time, mayGo) {
  if (map.size <= keep * 2) return;
  const old = [...map.entries()].filter(([, v]) => mayGo(v)).sort(([, a], [, b]) => time(b) - time(a)).slice(keep);
  for (const [key] of old) map.delete(key);
}

function takeSnapshot(s) {
  if (s.organizationId !== state.orgID) {
    for (const map of [state.conversations, state.agentStates, state.recordings]) map.clear();
    Object.assign(state, { orgID: s.organizationId, at: 0, totals: {} });
  }
  state.name = s.name ?? "";
  state.users = named(s.users, (u) => u.displayName || u.userName);
  state.queues = named(s.queues, (q) => q.name);
  const before = state.userNames.size + state.queueNames.size + state.wrapupNames.size;
  state.userNames = names(s.users, (u) => u.displayName || u.userName);
  state.queueNames = names(s.queues, (q) => q.name);
  state.wrapupNames = names(s.wrapupCodes, (w) => w.name);
  state.programNames = names(s.programs, (p) => p.name);
  merge(s);
  state.totals = { ...state.totals, users: state.users.length, queues: state.queues.length };
  if (before !== state.userNames.size + state.queueNames.size + state.wrapupNames.size) redrawCalls();
}

// redrawCalls makes the next drawing write the names again.
function redrawCalls() {
  for (const card of byId("conversations").children) card.drawn = undefined;
}

// ---- header

function counters() {
  const live = [...state.conversations.values()].filter((c) => !at(c.end)).length;
  const rejected = state.counters.eventsRejected ?? {};
  const requests = state.counters.requests ?? {};
  const listed = (counts) => Object.entries(counts).filter(([, n]) => n).sort(([, a], [, b]) => b - a).slice(0, 20).map(([k, n]) => `${number(n)}  ${k}`).join("\n");
  return [
    { name: "Users", value: state.totals.users ?? 0 },
    { name: "Queues", value: state.totals.queues ?? 0 },
    { name: "Live conversations", value: live, kind: "live" },
    { name: "Ended conversations", value: Math.max((state.totals.conversations ?? state.conversations.size) - live, 0) },
    { name: "Recordings", value: state.totals.recordings ?? state.recordings.size },
    { name: "Events accepted", value: state.counters.eventsAccepted ?? 0 },
    { name: "Events repeated", value: state.counters.eventsRepeated ?? 0, hint: "sent again with the same id and recognized" },
    { name: "Events rejected", value: sum(rejected), kind: "alarm", hint: listed(rejected) },
    { name: "API requests", value: sum(requests), hint: listed(requests) },
    { name: "Throttled", value: state.counters.throttled ?? 0, hint: "requests answered with 429" },
  ];
}

function drawHeader() {
  write(byId("org"), state.name || "EX Lab");
  document.title = `${state.name || "EX Lab"} – the org as it fills`;
  const id = byId("org-id");
  write(id, state.orgID ? `· ${state.orgID.slice(0, 8)}` : "");
  id.title = state.orgID && `organization ${state.orgID}`;
  keyed(byId("counters"), counters(), (c) => c.name, (c) => el("div", "", el("dt", "", c.name), el("dd")), (box, c) => {
    write(box.lastElementChild, number(c.value));
    box.className = c.value ? c.kind ?? "" : "zero";
    box.title = [c.name, c.hint].filter(Boolean).join("\n");
  });
}

function setLink(next) {
  if (next === "away" && link !== "away") frozen = labNow();
  if (next === "live") frozen = 0;
  link = next;
  byId("link").dataset.state = next;
  write(byId("link-text"), { live: "live", connecting: "connecting …", away: `the lab is away since ${clock(frozen)} – trying again` }[next]);
  document.body.classList.toggle("away", next === "away");
}

// ---- verdict

function drawVerdict(v) {
  const box = byId("verdict");
  const going = v.playing || v.live > 0 || v.going > 0;
  const wrong = v.lost + v.duplicated + v.wrong;
  const [look, text] = v.failure ? ["bad up", `Play failed: ${v.failure}`] : !v.calls ? ["calm ring", "No call played yet"]
    : wrong ? ["bad up", "Not as played"] : going || v.onTheWay ? ["busy play", `${number(v.live)} calls going on`] : ["good", "As played"];
  const mark = byId("verdict-word");
  mark.className = `word ${look}`;
  if (!mark.firstElementChild) mark.append(el("i", "glyph"), el("span"));
  write(mark.lastElementChild, text);
  const parts = [];
  for (const [name, count] of [["ended calls", v.conversations], ["recordings", v.recordings], ["agents", v.agents]]) {
    parts.push({ name, text: `${number(count.right)} of ${number(count.want)}`, unit: " right", off: count.right < count.want });
  }
  if (v.onTheWay) parts.push({ name: "on the way", text: number(v.onTheWay), unit: "", off: false });
  if (v.disturbed) parts.push({ name: "disturbed", text: number(v.disturbed), unit: "", off: false });
  for (const [name, n] of [["lost", v.lost], ["duplicated", v.duplicated], ["different", v.wrong]]) {
    if (n) parts.push({ name, text: number(n), unit: "", off: true });
  }
  byId("verdict-line").replaceChildren(...parts.flatMap((p, i) => [i ? "  ·  " : "", `${p.name} `, el("b", p.off ? "off" : "", p.text), p.unit]));
  const differences = v.differences ?? [];
  const details = byId("verdict-details");
  box.toggleAttribute("data-plain", differences.length === 0);
  if (!differences.length) details.open = false;
  const more = differences.length < wrong ? `first ${differences.length} of ${number(wrong)}` : number(differences.length);
  write(byId("verdict-more"), differences.length ? `${details.open ? "▾ hide" : "▸ show"} differences (${more})` : "");
  keyed(byId("differences"), differences.map((text, i) => ({ text, key: `${i} ${text}` })), (d) => d.key, (d) => el("li", "", d.text), () => {});
  box.hidden = false;
}

// ---- connection

async function getJSON(url) {
  const answer = await fetch(url, { signal: AbortSignal.timeout(8000), cache: "no-store" });
  if (!answer.ok) throw new Error(`${url}: ${answer.status}`);
  return answer.json();
}

let refreshing = false;
let refreshed = 0;

async function refresh() {
  if (refreshing) return;
  refreshing = true;
  try {
    takeSnapshot(await getJSON(snapshotURL));
    draw();
  } catch {
    // the stream tells whether the lab is away
  } finally {
    refreshing = false;
    refreshed = Date.now();
  }
}

function follow(attempt = 0) {
  const stream = new EventSource(streamURL);
  stream.addEventListener("open", () => {
    attempt = 0;
    state.at = 0; // after a restart the lab's time may be earlier
    setLink("live");
    refresh();
  });
  stream.addEventListener("change", (event) => {
    merge(JSON.parse(event.data));
    const { users, queues } = state.totals;
    if ((users !== state.users.length || queues !== state.queues.length) && Date.now() - refreshed > 500) refresh();
    draw();
  });
  stream.addEventListener("error", () => {
    stream.close();
    setLink("away");
    setTimeout(() => follow(attempt + 1), Math.min(500 * 2 ** attempt, 5000));
  });
}

async function judge() {
  try {
    if (link === "live" && !document.hidden) drawVerdict(await getJSON(verdictURL));
  } catch {
    // shown as it was; the next one comes soon
  }
  setTimeout(judge, link === "live" ? verdictEvery : 400);
}

let drawing = false;
function draw() {
  if (drawing) return;
  drawing = true;
  requestAnimationFrame(() => {
    drawing = false;
    drawHeader();
    drawQueues(state);
    drawAgents(state);
    drawConversations(state, labNow());
    drawRecordings(state);
  });
}

byId("verdict-details").addEventListener("toggle", () => {
  const more = byId("verdict-more");
  more.textContent = more.textContent.replace(/^. \w+/, byId("verdict-details").open ? "▾ hide" : "▸ show");
});
byId("verdict").querySelector("summary").addEventListener("click", (event) => {
  if (byId("verdict").hasAttribute("data-plain")) event.preventDefault();
});
setInterval(() => {
  if (link === "live") growLive(labNow());
  write(byId("clock"), clock(Date.now()));
}, growEvery);
setInterval(() => {
  if (link === "live" && !document.hidden && Date.now() - refreshed >= refreshEvery) refresh();
}, 1000);
document.body.classList.add("smooth");
follow();
judge();
draw();
