// The panels: each function draws one from the state. Data gets into the page as text only, never as markup.

export const byId = (id) => document.getElementById(id);

export function el(tag, classes, ...children) {
  const node = document.createElement(tag);
  if (classes) node.className = classes;
  node.append(...children);
  return node;
}

// write, title and classes touch the page only when something changes.
export function write(node, text) {
  if (node.textContent !== text) node.textContent = text;
}
function title(node, text) {
  if (node.title !== text) node.title = text;
}
function classes(node, names) {
  if (node.className !== names) node.className = names;
}
function place(node, from, long) {
  node.style.setProperty("--from", `${from}%`);
  node.style.setProperty("--long", `${long}%`);
}

// keyed makes the children of parent match items: one node per key, kept while the key stays.
export function keyed(parent, items, key, make, update) {
  const known = (parent.known ??= new Map());
  const wanted = new Set();
  let next = parent.firstElementChild;
  for (const item of items) {
    const k = key(item);
    wanted.add(k);
    let node = known.get(k);
    if (!node) known.set(k, (node = make(item)));
    if (node === next) next = next.nextElementSibling;
    else parent.insertBefore(node, next);
    update(node, item);
  }
  for (const [k, node] of known) {
    if (wanted.has(k)) continue;
    node.remove();
    known.delete(k);
  }
}

const clockFormat = new Intl.DateTimeFormat(undefined, { hour: "2-digit", minute: "2-digit", second: "2-digit", hourCycle: "h23" });
const momentFormat = new Intl.DateTimeFormat(undefined, { dateStyle: "medium", timeStyle: "medium" });
export const clock = (ms) => clockFormat.format(ms);
export const number = (n) => n.toLocaleString();

// at reads a time of the data; a missing one (or Go's zero time) is undefined.
export function at(text) {
  const ms = text ? Date.parse(text) : NaN;
  return ms > 0 ? ms : undefined;
}

export function lasted(ms) {
  const s = Math.max(0, ms) / 1000;
  if (s < 60) return `${s < 10 ? s.toFixed(1) : Math.floor(s)} s`;
  const m = Math.floor(s / 60);
  const two = (n) => String(n).padStart(2, "0");
  return m < 60 ? `${m}:${two(Math.floor(s % 60))}` : `${Math.floor(m / 60)}:${two(m % 60)}:${two(Math.floor(s % 60))}`;
}

function bytes(n) {
  if (!n) return "–";
  return n < 1000 ? `${n} B` : n < 1e6 ? `${(n / 1000).toFixed(n < 1e4 ? 1 : 0)} kB` : `${(n / 1e6).toFixed(1)} MB`;
}

export const queueName = (name) => name.replace(/__[^_].*Engage-external$/, "") || name;

// Colour and shape per state; the text is always there too.
const looks = {
  Available: "good", OnQueue: "busy ring", Busy: "bad square", Away: "warn half", Idle: "calm half", Break: "warn down", Meal: "warn down",
  Meeting: "other diamond", Training: "other diamond", Offline: "calm ring",
  "routing:Idle": "good", "routing:Interacting": "busy play", "routing:Communicating": "other diamond", "routing:NotResponding": "bad up",
  "routing:OffQueue": "calm bar-glyph", Pending: "calm half", Success: "good", Failure: "bad up", WaitForConversation: "warn down",
};
const words = {
  OnQueue: "On Queue", "routing:OffQueue": "Off Queue", "routing:NotResponding": "Not Responding",
  WaitForConversation: "Waits for conversation", none: "Not reported",
};
const word = (state) => words[state] ?? state.replace(/^routing:/, "");

function pill(state) {
  const node = el("span", "pill", el("i", "glyph"), el("span"));
  show(node, state);
  return node;
}
function show(node, state) {
  classes(node, `pill ${looks[state] ?? "calm ring"}`);
  write(node.lastElementChild, word(state));
}

const routingOf = (state) => (state?.routingStatus ? `routing:${state.routingStatus}` : "none");
let filter = "";

export function drawAgents(state) {
  const counts = new Map();
  for (const user of state.users) {
    const routing = routingOf(state.agentStates.get(user.id));
    counts.set(routing, (counts.get(routing) ?? 0) + 1);
  }
  if (!counts.has(filter)) filter = "";
  const order = ["routing:Interacting", "routing:Idle", "routing:NotResponding", "routing:Communicating", "routing:OffQueue", "none"];
  keyed(byId("filters"), order.filter((name) => counts.has(name)), (name) => name, (name) => {
    const button = el("button", looks[name] ?? "calm ring", el("i", "glyph"), el("span", "", word(name)), el("b"));
    button.type = "button";
    button.addEventListener("click", () => {
      filter = filter === name ? "" : name;
      drawAgents(state);
    });
    return button;
  }, (button, name) => {
    button.setAttribute("aria-pressed", String(filter === name));
    write(button.lastElementChild, number(counts.get(name)));
  });
  const shown = state.users.filter((user) => !filter || routingOf(state.agentStates.get(user.id)) === filter);
  keyed(byId("agents"), shown, (user) => user.id, () => el("li", "", el("span", "name"), pill("none"), pill("none")), (row, user) => {
    const now = state.agentStates.get(user.id);
    const [name, presence, routing] = row.children;
    write(name, user.displayName || user.userName);
    classes(name, user.active ? "name" : "name inactive");
    title(name, [user.userName, user.externalId, user.roles?.join(", "), Object.keys(user.skills ?? {}).join(", "), user.active ? "" : "not active"].filter(Boolean).join("\n"));
    presence.hidden = !now;
    show(presence, now?.presence || "none");
    show(routing, routingOf(now));
    title(presence, now?.message ?? "");
    title(routing, now && !now.effective ? "The source of these states is not the user's primary one." : now ? `since ${clock(at(now.at))}` : "");
  });
  byId("agents-empty").hidden = state.users.length > 0;
  write(byId("agents-count"), filter ? `${number(shown.length)} of ${number(state.users.length)}` : state.users.length ? number(state.users.length) : "");
}

export function drawQueues(state) {
  const waiting = new Map();
  const talking = new Map();
  const add = (map, id) => map.set(id, (map.get(id) ?? 0) + 1);
  for (const conversation of state.conversations.values()) {
    if (at(conversation.end)) continue;
    let last; // the queue that the call went through last: an agent's party need not name it
    for (const party of (conversation.parties ?? []).toSorted((a, b) => at(a.start) - at(b.start))) {
      if (party.purpose === "acd") last = party.queueId;
      const queue = party.queueId || last;
      if (!queue || at(party.end)) continue;
      if (party.purpose === "acd") add(waiting, queue);
      else if (party.purpose === "agent" && at(party.answered) && !consultedBy(conversation, party)) add(talking, queue);
    }
  }
  keyed(byId("queues"), state.queues, (queue) => queue.id, () => el("tr", "", el("td", "cut"), el("td"), el("td"), el("td")), (row, queue) => {
    const [name, members, wait, talk] = row.children;
    write(name, queueName(queue.name));
    title(name, queue.name);
    for (const [cell, value, kind] of [[members, queue.members?.length ?? 0, ""], [wait, waiting.get(queue.id) ?? 0, "waiting"], [talk, talking.get(queue.id) ?? 0, "talking"]]) {
      write(cell, number(value));
      classes(cell, `num ${value ? (kind ? `hot ${kind}` : "") : "nil"}`);
    }
  });
  byId("queues-table").hidden = state.queues.length === 0;
  byId("queues-empty").hidden = state.queues.length > 0;
  write(byId("queues-count"), state.queues.length ? number(state.queues.length) : "");
}

// ---- conversations

const mostShown = 30;
const spans = [20, 30, 60, 120, 180, 300, 600, 1200, 1800, 3600, 7200, 14400, 28800, 86400].map((s) => s * 1000);
const kinds = { external: "external", ivr: "IVR", acd: "queue", agent: "agent", phone: "phone" };

function partyName(state, party) {
  if (party.purpose === "acd") return queueName(state.queueNames.get(party.queueId) ?? party.queueId ?? "queue");
  if (party.purpose === "agent") return state.userNames.get(party.userId) ?? party.userId ?? "agent";
  const called = party.purpose === "external" && !party.inbound && party.dnis; // the numbers are those of the call
  return party.name || party.phoneNumber || called || party.ani || kinds[party.purpose] || party.purpose;
}

// consultedBy is the agent's party that consulted this one, as long as it has not handed the caller over.
function consultedBy(conversation, party) {
  if (party.purpose !== "agent" && party.purpose !== "phone") return undefined;
  const inviter = conversation.parties.find((p) => p.communicationId === party.invitedBy);
  const over = (conversation.transfers ?? []).some((t) => t.kind === "consult" && t.destination === party.communicationId && at(t.ended));
  return inviter?.purpose === "agent" && !over ? inviter : undefined;
}

// span is what the timeline's width stands for: exact once ended, rounded up while the conversation grows.
function span(conversation, now) {
  const start = at(conversation.start);
  const end = at(conversation.end);
  return end ? Math.max(end - start, 1000) : spans.find((s) => s >= (now - start) * 1.02) ?? now - start;
}

function makeCall() {
  const head = el("div", "call-head", el("span", "when"), el("span", "took"), el("span", "uuid"), el("span", "numbers"), el("span", "badges"));
  return el("article", "call", head, el("div", "legs"));
}

export function drawConversations(state, now) {
  const newest = [...state.conversations.values()].sort((a, b) => at(b.start) - at(a.start) || (a.id < b.id ? 1 : -1));
  const shown = newest.slice(0, mostShown);
  keyed(byId("conversations"), shown, (c) => c.id, makeCall, (card, conversation) => {
    if (card.drawn !== conversation) drawCall(state, card, conversation);
    drawBadges(state, card.querySelector(".badges"), conversation);
    if (card.drawn !== conversation || !at(conversation.end)) grow(card, conversation, now);
    card.drawn = conversation;
  });
  byId("conversations-empty").hidden = shown.length > 0;
  const total = Math.max(state.totals.conversations ?? 0, newest.length);
  write(byId("conversations-count"), total > shown.length ? `newest ${shown.length} of ${number(total)}` : total ? number(total) : "");
}

// growLive moves on what is still going on, between two changes.
export function growLive(now) {
  for (const card of byId("conversations").children) {
    if (card.drawn && !at(card.drawn.end)) grow(card, card.drawn, now);
  }
}

function drawCall(state, card, conversation) {
  const live = !at(conversation.end);
  classes(card, live ? "call is-live" : "call");
  const [when, , uuid, numbers] = card.firstElementChild.children;
  write(when, clock(at(conversation.start)));
  title(when, momentFormat.format(at(conversation.start)));
  const caller = conversation.parties?.find((p) => p.purpose === "external");
  write(numbers, caller ? (caller.inbound ? [caller.ani || caller.phoneNumber, caller.dnis] : [caller.ani, caller.dnis || caller.phoneNumber]).filter(Boolean).join(" → ") : "");
  const full = conversation.externalTag || conversation.interactionId;
  write(uuid, full.length > 14 ? `${full.slice(0, 6)}…${full.slice(-6)}` : full);
  title(uuid, `CallUUID ${full}\nconversation ${conversation.id}`);
  card.setAttribute("aria-label", `${live ? "Live conversation" : "Conversation"} of ${clock(at(conversation.start))}, call ${full}`);
  keyed(card.lastElementChild, conversation.parties ?? [], (p) => p.communicationId, makeLeg, (row, party) => drawLeg(state, row, party, consultedBy(conversation, party)));
}

function makeLeg(party) {
  const row = el("div", `leg ${party.purpose}`, el("span", "kind"), el("span", "who"), el("div", "track", el("i")), el("span", "took"), el("span", "end"));
  row.setAttribute("role", "group");
  return row;
}

function drawLeg(state, row, party, inviter) {
  row.party = party;
  const [kind, who, , , end] = row.children;
  write(kind, party.consult || inviter ? "consult" : kinds[party.purpose] ?? party.purpose);
  const name = partyName(state, party);
  write(who, name);
  const full = party.purpose === "acd" ? state.queueNames.get(party.queueId) ?? name : name;
  title(who, inviter ? `${full}, consulted by ${partyName(state, inviter)}` : full);
  const held = (party.holds ?? []).some((h) => !at(h.end));
  write(end, at(party.end) ? party.disconnectType ?? "" : held ? "on hold" : at(party.answered) ? (party.purpose === "acd" ? "waiting" : "connected") : "alerting");
  classes(end, at(party.end) ? "end" : "end now");
  title(end, at(party.end) ? `ended ${clock(at(party.end))}` : "");
  row.setAttribute("aria-label", `${kind.textContent} ${name}, from ${clock(at(party.start))}, ${end.textContent}`);
}

// pieces are the parts of a party's bar: the whole, then what alerts and what is held on top of it.
function pieces(party, now) {
  const end = at(party.end);
  const answered = at(party.answered);
  const start = at(party.start);
  const list = [];
  if (!answered || answered > start) list.push({ key: "alerting", from: start, to: answered ?? end ?? now, open: !answered && !end, name: "alerting" });
  if (answered) list.push({ key: "talk", from: answered, to: end ?? now, open: !end, name: "connected" });
  (party.holds ?? []).forEach((hold, i) => list.push({ key: `hold${i}`, from: at(hold.start), to: at(hold.end) ?? end ?? now, open: !at(hold.end) && !end, name: "on hold" }));
  return list;
}

function grow(card, conversation, now) {
  const start = at(conversation.start);
  const width = span(conversation, now);
  const step = spans.find((s) => width / s <= 6 && s >= 5000) ?? width;
  write(card.firstElementChild.children[1], lasted((at(conversation.end) ?? now) - start));
  for (const row of card.lastElementChild.children) {
    const track = row.children[2];
    track.style.setProperty("--tick", `${(100 * step) / width}%`);
    keyed(track, pieces(row.party, now), (piece) => piece.key, () => el("i"), (bar, piece) => {
      classes(bar, `${piece.key.replace(/\d/g, "")} ${piece.open ? "open" : ""}`);
      place(bar, (100 * (piece.from - start)) / width, (100 * (piece.to - piece.from)) / width);
      title(bar, `${piece.name} ${lasted(piece.to - piece.from)} from ${clock(piece.from)}`);
    });
    write(row.children[3], lasted((at(row.party.end) ?? now) - at(row.party.start)));
  }
}

function drawBadges(state, box, conversation) {
  const items = [];
  for (const party of conversation.parties ?? []) {
    if (party.wrapupCode) items.push({ key: `w${party.communicationId}`, tag: state.wrapupNames.get(party.wrapupCode) ?? party.wrapupCode, title: `wrap-up code, ${partyName(state, party)}${party.wrapupNotes ? `\n${party.wrapupNotes}` : ""}` });
  }
  for (const r of state.recordingsOf.get(conversation.id) ?? state.recordingsOf.get(conversation.interactionId) ?? []) {
    items.push({ key: `r${r.uploadKey}`, state: r.state, title: [`recording ${r.audioName || r.fileName}`, r.reason, r.detail].filter(Boolean).join("\n") });
  }
  keyed(box, items, (i) => i.key, (i) => (i.tag ? el("span", "tag") : pill(i.state)), (node, i) => {
    if (i.tag) write(node, i.tag);
    else {
      show(node, i.state);
      write(node.lastElementChild, `Recording: ${word(i.state).toLowerCase()}`);
    }
    title(node, i.title);
  });
}

export function drawRecordings(state) {
  const newest = [...state.recordings.values()].sort((a, b) => at(b.uploadedAt) - at(a.uploadedAt)).slice(0, mostShown);
  keyed(byId("recordings"), newest, (r) => r.uploadKey, () => el("tr", "", el("td"), el("td", "cut"), el("td", "", pill("Pending")), el("td", "num"), el("td", "num"), el("td"), el("td")), (row, r) => {
    const [when, file, status, size, took, language, program] = row.children;
    write(when, clock(at(r.uploadedAt)));
    write(file, r.audioName || r.fileName);
    title(file, [r.audioName, `uploaded as ${r.fileName}`, r.callUUID && `CallUUID ${r.callUUID}`, r.audioSha256 && `SHA-256 ${r.audioSha256}`].filter(Boolean).join("\n"));
    show(status.firstElementChild, r.state);
    title(status, [r.reason, r.detail].filter(Boolean).join(": "));
    write(size, bytes(r.audioBytes || r.zipBytes));
    title(size, `audio ${number(r.audioBytes ?? 0)} bytes, ZIP ${number(r.zipBytes ?? 0)} bytes`);
    write(took, at(r.start) && at(r.end) ? lasted(at(r.end) - at(r.start)) : "–");
    write(language, r.language || "–");
    write(program, state.programNames.get(r.programId) ?? (r.programId ? `${r.programId.slice(0, 8)}` : "–"));
    title(program, r.programId ?? "");
  });
  byId("recordings-table").hidden = newest.length === 0;
  byId("recordings-empty").hidden = newest.length > 0;
  const total = Math.max(state.totals.recordings ?? 0, newest.length);
  write(byId("recordings-count"), total > newest.length ? `newest ${newest.length} of ${number(total)}` : total ? number(total) : "");
}
