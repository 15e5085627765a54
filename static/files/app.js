// The page's own script: what HTML and htmx cannot do by themselves. Pages work
// without it; what would be useless then carries the class needs-script.
(() => {
  "use strict";
  const $ = (selector, root = document) => root.querySelector(selector);
  const $$ = (selector, root = document) => [...root.querySelectorAll(selector)];
  const on = (type, handle) => document.addEventListener(type, handle);
  const root = document.documentElement;
  const remember = (name, value) => {
    document.cookie = `${name}=${value}; path=/; samesite=lax; max-age=${value ? 31536000 : 0}`;
  };
  root.dataset.script = "on";

  // ---- Requests --------------------------------------------------------

  const reads = (request) => /^(GET|HEAD)$/i.test(request.method);

  on("htmx:config:request", (event) => {
    const { request } = event.detail.ctx;
    if (!reads(request)) {
      request.headers["X-CSRF-Token"] = $("meta[name=csrf-token]").content;
    }
  });

  // Answers of the server, errors included, bring their own toast; this is for
  // none. What was sent may have arrived although its answer did not.
  on("htmx:error", (event) => {
    const { ctx, error } = event.detail;
    if (event.target.id === "live" || error?.name === "AbortError") return;
    say(ctx && !reads(ctx.request) ? "toast-outcome-unknown" : "toast-network-error");
  });

  // ---- Toasts ----------------------------------------------------------

  // say shows one of the toasts that the page brings along.
  function say(id) {
    const template = document.getElementById(id);
    if (template) $("#toasts").append(template.content.cloneNode(true));
  }

  // Toasts leave after 8 s, unless they are errors or being read.
  function leave(item) {
    if (item.matches(":hover, :focus-within")) setTimeout(leave, 2000, item);
    else item.remove();
  }
  if ($("#toasts")) {
    new MutationObserver((changes) => {
      for (const node of changes.flatMap((change) => [...change.addedNodes])) {
        if (node.dataset?.toast !== undefined && node.dataset.sticky === undefined) setTimeout(leave, 8000, node);
      }
    }).observe($("#toasts"), { childList: true });
  }

  // ---- Dialogs ---------------------------------------------------------

  const open = (id) => {
    const dialog = document.getElementById(id);
    if (!dialog || dialog.open) return;
    dialog.showModal();
    dialog.append($("#toasts")); // what is outside of a modal dialog can neither be heard nor clicked
    if (id === "palette") {
      $("#palette-input").value = "";
      htmx.trigger($("#palette-input"), "open-palette");
    }
  };
  on("htmx:after:swap", (event) => {
    const body = $("#dialog-body");
    if (event.detail.ctx?.target !== body || !body.firstElementChild) return;
    open("dialog");
    const wrong = $("#dialog-body [aria-invalid=true], #dialog-body .field-error"); // of a long form it may be out of sight
    wrong?.scrollIntoView({ block: "center" });
    wrong?.focus({ preventScroll: true });
  });
  on("close-dialog", () => $("#dialog")?.close());
  document.addEventListener("close", (event) => {
    if (!event.target.matches("dialog")) return;
    document.body.append($("#toasts"));
    if (event.target.id === "dialog") $("#dialog-body").replaceChildren();
  }, true);

  on("click", (event) => {
    const at = (selector) => event.target.closest(selector);
    const opener = at("[data-open]");
    if (opener && !event.ctrlKey && !event.metaKey && !event.shiftKey) {
      event.preventDefault();
      open(opener.dataset.open);
    }
    const closer = at("[data-close-dialog]");
    if (closer?.closest("dialog")) {
      event.preventDefault();
      closer.closest("dialog").close();
    }
    at("[data-dismiss]")?.closest("[data-toast]")?.remove();
    if (at("[data-copy]")) copy(at("[data-copy]").dataset.copy);
  });

  async function copy(text) {
    try {
      await navigator.clipboard.writeText(text);
    } catch { // not a secure context, or refused
      const field = document.createElement("textarea");
      field.value = text;
      (document.querySelector("dialog[open]") || document.body).append(field);
      field.select();
      document.execCommand("copy");
      field.remove();
    }
    say("toast-copied");
  }

  // ---- Selection -------------------------------------------------------
  // Morphing keeps ticks; rows that are replaced get theirs back, and rows that
  // are gone are no longer selected.

  const selected = new Set();
  const boxes = () => $$("[data-select]");

  function count() {
    const all = boxes();
    selected.clear();
    all.filter((box) => box.checked).forEach((box) => selected.add(box.value));
    for (const badge of $$("[data-selected]")) {
      badge.hidden = selected.size === 0;
      badge.textContent = badge.dataset.text.replace("%n", selected.size);
    }
    for (const button of $$("[data-needs-selection]")) button.disabled = selected.size === 0;
    for (const box of $$("[data-select-all]")) {
      box.checked = all.length > 0 && selected.size === all.length;
      box.indeterminate = selected.size > 0 && selected.size < all.length;
    }
  }

  let anchor = null; // where a range begins that Shift selects
  on("click", (event) => {
    const box = event.target;
    if (!box.matches?.("[data-select]")) return;
    const all = boxes();
    if (event.shiftKey && anchor?.isConnected) {
      const [from, to] = [all.indexOf(anchor), all.indexOf(box)].sort((a, b) => a - b);
      all.slice(from, to + 1).forEach((other) => { other.checked = box.checked; });
    }
    anchor = box;
    count();
  });
  on("change", (event) => {
    if (event.target.matches("[data-select-all]")) boxes().forEach((box) => { box.checked = event.target.checked; });
    if (event.target.matches("[data-select], [data-select-all]")) count();
    if (event.target.matches("[data-shortcuts-toggle]")) {
      root.dataset.shortcuts = event.target.checked ? "on" : "off";
      remember("tillpost_shortcuts", event.target.checked ? "" : "off");
    }
  });
  on("htmx:after:swap", () => {
    boxes().forEach((box) => { if (selected.has(box.value)) box.checked = true; });
    count();
  });

  // ---- Palette ---------------------------------------------------------

  function movePalette(event) {
    const items = $$("#palette-list a[role=option]");
    const at = items.findIndex((item) => item.getAttribute("aria-selected") === "true");
    if (event.key === "Enter") {
      event.preventDefault();
      (items[at] || items[0])?.click();
      return;
    }
    const step = { ArrowDown: 1, ArrowUp: -1 }[event.key];
    if (!step || items.length === 0) return;
    event.preventDefault();
    mark(items, (at + step + items.length) % items.length);
  }

  function mark(items, chosen) {
    items.forEach((item, i) => item.setAttribute("aria-selected", i === chosen));
    $("#palette-input").setAttribute("aria-activedescendant", items[chosen]?.id ?? "");
    items[chosen]?.scrollIntoView({ block: "nearest" });
  }
  on("htmx:after:swap", (event) => {
    if (event.detail.ctx?.target?.id === "palette-list") mark($$("#palette-list a[role=option]"), 0);
  });

  // ---- Shortcuts -------------------------------------------------------

  let afterG = 0; // until when a G waits for its second key
  const actions = {
    "?": () => open("shortcuts"),
    "/": () => $("[data-filter-search]")?.focus(),
    g: () => { afterG = Date.now() + 1200; },
    j: () => moveRow(1),
    k: () => moveRow(-1),
    x: () => row()?.querySelector("[data-select]")?.click(),
  };
  const rows = () => $$("[data-row]");
  const row = () => document.activeElement?.closest("[data-row]");

  function moveRow(step) {
    const all = rows();
    const at = all.indexOf(row());
    const next = all[at < 0 ? (step > 0 ? 0 : all.length - 1) : Math.max(0, Math.min(all.length - 1, at + step))];
    (next?.querySelector(".row-link") ?? next?.querySelector("a, button, input"))?.focus();
  }

  const typing = (element) =>
    element.closest("textarea, select, [contenteditable], dialog") ||
    (element.matches("input") && !element.matches("[type=checkbox], [type=radio]"));

  on("keydown", (event) => {
    if ((event.ctrlKey || event.metaKey) && event.key.toLowerCase() === "k") {
      event.preventDefault();
      return open("palette");
    }
    if (event.target.id === "palette-input") return movePalette(event);
    if (root.dataset.shortcuts === "off" || event.ctrlKey || event.metaKey || event.altKey || event.isComposing) return;
    if (typing(event.target)) return;
    if (Date.now() < afterG) {
      afterG = 0;
      const link = $(`[data-go="${CSS.escape(event.key.toUpperCase())}"]`);
      if (link) event.preventDefault();
      return link?.click();
    }
    const action = actions[event.key];
    if (!action) return;
    event.preventDefault();
    action();
  });

  count();
})();
