// Live updates. A hint of the stream is a named message: its name is the topic,
// its data the id of what changed ("payment", "pay_1"). Elements say in
// data-live what they show, and are told here to renew themselves; ids that no
// element shows wake the counters of new rows.
(() => {
  "use strict";
  const pill = document.getElementById("live-pill");
  const stream = document.getElementById("live");
  if (!pill || !stream) return;

  // ---- The pill --------------------------------------------------------

  const words = pill.querySelector("[data-live-text]");
  const toggle = pill.querySelector("[data-live-toggle]");
  const paused = () => pill.dataset.paused === "true";

  function show(state = pill.dataset.state) {
    pill.dataset.state = state;
    const name = paused() ? "paused" : state;
    const text = pill.dataset[`text${name[0].toUpperCase()}${name.slice(1)}`];
    if (words.textContent !== text) words.textContent = text;
  }

  toggle.addEventListener("click", () => {
    const yes = !paused();
    pill.dataset.paused = yes;
    toggle.setAttribute("aria-pressed", yes);
    document.cookie = `tillpost_live=${yes ? "paused" : ""}; path=/; samesite=lax; max-age=${yes ? 31536000 : 0}`;
    show();
    if (yes) return;
    const hints = [...waiting];
    waiting.clear();
    hints.forEach(renew);
  });

  // ---- Hints -----------------------------------------------------------

  const waiting = new Set(); // came while paused
  const heard = new Map(); // hints with the number of the last time each came, the newest last
  let count = 0;

  document.addEventListener("htmx:config:request", (event) => {
    const { ctx } = event.detail;
    ctx.heardBefore = count;
    // A page that renews itself is no sign of somebody who is there: what hints
    // ask for does not keep the session alive.
    if (ctx.sourceEvent?.type === "live") ctx.request.headers["X-Live-Update"] = "true";
  });

  // An answer shows things as they were when it was made: what changed since its
  // request began was renewed before it came, and is old again.
  document.addEventListener("htmx:finally:request", (event) => {
    const { heardBefore, sourceEvent } = event.detail.ctx ?? {};
    if (heardBefore === undefined || heardBefore === count || sourceEvent?.type === "live") return;
    for (const [hint, number] of [...heard]) if (number > heardBefore) take(hint);
  });

  function take(hint) {
    if (paused()) waiting.add(hint);
    else renew(hint);
  }

  function wake(selector) {
    for (const element of document.querySelectorAll(selector)) htmx.trigger(element, "live", {}, false);
  }

  function renew(hint) {
    if (hint === "sync") return wake("[data-live-sync], [data-live-new]");
    const [topic] = hint.split(":");
    const known = `[data-live~="${CSS.escape(hint)}"]`;
    wake(`${known}, [data-live~="${CSS.escape(topic)}"]`);
    if (!document.querySelector(known)) wake(`[data-live-new~="${CSS.escape(topic)}"]`);
  }

  stream.addEventListener("htmx:sse:after:message", (event) => {
    const { event: topic, data } = event.detail.message;
    if (!topic) return;
    const hint = topic === "sync" || !data ? topic : `${topic}:${data}`;
    count += 1;
    heard.delete(hint);
    heard.set(hint, count);
    if (heard.size > 200) heard.delete(heard.keys().next().value);
    take(hint);
  });

  // What was renewed lights up for a moment.
  document.addEventListener("htmx:after:swap", (event) => {
    const { sourceElement: source, sourceEvent } = event.detail.ctx ?? {};
    if (sourceEvent?.type !== "live" || !source?.matches?.("[data-row]")) return;
    source.classList.remove("changed");
    void source.offsetWidth; // restarts the animation
    source.classList.add("changed");
  });

  // ---- The connection --------------------------------------------------
  // The extension reconnects only after a first success: this covers a first
  // connect that fails, and a stream that it has given up.

  let delay = 1000;

  function reconnect() {
    show("down");
    setTimeout(() => htmx.trigger(stream, "live-retry", {}, false), delay * (0.7 + 0.6 * Math.random()));
    delay = Math.min(delay * 2, 30000);
  }

  stream.addEventListener("htmx:sse:after:connection", () => {
    delay = 1000;
    show("live");
  });
  // The session has ended: loading the page anew leads to the login page.
  function leave() {
    location.replace(location.pathname + location.search);
  }

  stream.addEventListener("htmx:sse:error", (event) => {
    show("down");
    if (event.detail.status === 401) leave();
  });
  stream.addEventListener("htmx:error", reconnect);
  stream.addEventListener("htmx:response:error", (event) => {
    if (event.detail.ctx.response.status === 401) leave();
    else reconnect();
  });
  stream.addEventListener("htmx:sse:close", (event) => {
    if (event.detail.reason === "ended") reconnect();
  });
  window.addEventListener("offline", () => show("offline"));
  show();
})();
