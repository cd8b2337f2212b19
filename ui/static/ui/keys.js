// Pages by keyboard: j and k go through the rows, Enter opens, g goes to the desk, f to the form, ? tells all this; an element with
// `data-key` is pressed by its key. Everything is a plain link, button or field as well; nothing here decides anything.
const keys = document.getElementById("keys");
const opener = document.querySelector("[data-keys]");
const rows = () => [...document.querySelectorAll("[data-row]")];
const handle = (row) => row.querySelector("[data-handle], h3 a");
const at = () => rows().findIndex((row) => row.contains(document.activeElement));

const move = (by) => {
  const all = rows();
  if (!all.length) return;
  const here = at();
  const to = all[here < 0 ? (by > 0 ? 0 : all.length - 1) : Math.max(0, Math.min(all.length - 1, here + by))];
  handle(to)?.focus({ preventScroll: true });
  to.scrollIntoView({ block: to.offsetHeight > innerHeight ? "start" : "nearest" });
};

const acts = {
  j: () => move(1),
  k: () => move(-1),
  g: () => { location.href = `/${location.pathname.split("/")[1]}/desk/`; },
  f: () => document.querySelector("[data-form] :is(input:not([type=hidden]), textarea, select, button)")?.focus(),
  "?": () => (keys?.open ? keys.close() : keys?.showModal()),
};
document.addEventListener("keydown", (event) => {
  if (event.ctrlKey || event.metaKey || event.altKey || event.isComposing) return;
  if (event.target.matches("input:not([type=radio], [type=checkbox]), textarea, select, [contenteditable]")) return;
  if (document.querySelector("dialog[open]") && !(keys?.open && event.key === "?")) return;
  const pressed = /^[a-z]$/.test(event.key) ? document.querySelector(`[data-key="${event.key}"]`) : null;
  const act = pressed ? () => { pressed.focus({ preventScroll: true }); pressed.click(); } : acts[event.key];
  if (!act) return;
  event.preventDefault();
  act();
});
if (opener) {
  opener.hidden = false;
  opener.addEventListener("click", () => keys.showModal());
}
