// A picture over the whole window: wheel, pinch, buttons, plus and minus change the size; dragging and arrow keys move it.
// And a region's number and its words light up together. Without this file the link opens the large picture.
const LARGEST = 8;

function open(link) {
  const said = link.dataset;
  const dialog = document.createElement("dialog");
  dialog.className = "viewer-dialog";
  dialog.setAttribute("aria-label", said.label);
  const bar = document.createElement("div");
  bar.className = "viewer-bar";
  const title = document.createElement("p");
  title.textContent = said.label;
  const output = document.createElement("output");
  const stage = document.createElement("div");
  stage.className = "viewer-stage";
  stage.tabIndex = 0;
  stage.setAttribute("role", "group");
  stage.setAttribute("aria-label", said.keys);
  const canvas = document.createElement("div");
  canvas.className = "viewer-canvas";
  const picture = new Image();
  picture.alt = said.label;
  picture.src = link.href;
  canvas.append(picture);
  const overlay = link.parentElement.querySelector(".overlay");
  if (overlay) {
    const copy = overlay.cloneNode(true);
    copy.setAttribute("aria-hidden", "true");
    for (const each of copy.querySelectorAll("a")) { each.removeAttribute("id"); each.removeAttribute("href"); }
    canvas.append(copy);
  }
  stage.append(canvas);

  let scale = 1, least = 1, x = 0, y = 0;
  const place = (eased) => {
    const { clientWidth: w, clientHeight: h } = stage;
    const [pw, ph] = [picture.naturalWidth * scale, picture.naturalHeight * scale];
    x = pw <= w ? (w - pw) / 2 : Math.min(0, Math.max(w - pw, x));
    y = ph <= h ? (h - ph) / 2 : Math.min(0, Math.max(h - ph, y));
    canvas.classList.toggle("is-eased", Boolean(eased));
    canvas.style.transform = `translate(${x}px, ${y}px) scale(${scale})`;
    output.textContent = `${Math.round(scale * 100)} %`;
  };
  const fit = () => {
    least = Math.min(stage.clientWidth / picture.naturalWidth, stage.clientHeight / picture.naturalHeight, 1);
    scale = least;
    place(true);
  };
  const zoom = (factor, at = [stage.clientWidth / 2, stage.clientHeight / 2], eased = true) => {
    const next = Math.max(least, Math.min(LARGEST, scale * factor));
    x = at[0] - ((at[0] - x) * next) / scale;
    y = at[1] - ((at[1] - y) * next) / scale;
    scale = next;
    place(eased);
  };
  const button = (label, act) => {
    const made = document.createElement("button");
    made.type = "button";
    made.textContent = label;
    made.addEventListener("click", act);
    return made;
  };
  bar.append(title, output, button(said.out, () => zoom(1 / 1.5)), button(said.in, () => zoom(1.5)), button(said.fit, fit), button(said.close, () => dialog.close()));
  dialog.append(bar, stage);
  document.body.append(dialog);

  const held = new Map();
  const within = (event) => { const frame = stage.getBoundingClientRect(); return [event.clientX - frame.left, event.clientY - frame.top]; };
  let apart = 0;
  stage.addEventListener("pointerdown", (event) => {
    stage.setPointerCapture(event.pointerId);
    held.set(event.pointerId, within(event));
    stage.classList.add("is-held");
    apart = 0;
  });
  stage.addEventListener("pointermove", (event) => {
    const before = held.get(event.pointerId);
    if (!before) return;
    const now = within(event);
    held.set(event.pointerId, now);
    if (held.size === 1) {
      x += now[0] - before[0];
      y += now[1] - before[1];
      place();
    } else {
      const [one, two] = [...held.values()];
      const gap = Math.hypot(one[0] - two[0], one[1] - two[1]);
      if (apart) zoom(gap / apart, [(one[0] + two[0]) / 2, (one[1] + two[1]) / 2], false);
      apart = gap;
    }
  });
  for (const name of ["pointerup", "pointercancel"]) stage.addEventListener(name, (event) => {
    held.delete(event.pointerId);
    apart = 0;
    if (!held.size) stage.classList.remove("is-held");
  });
  stage.addEventListener("wheel", (event) => { event.preventDefault(); zoom(event.deltaY < 0 ? 1.2 : 1 / 1.2, within(event), false); }, { passive: false });
  stage.addEventListener("dblclick", (event) => (scale > least * 1.05 ? fit() : zoom(Math.max(2, 1 / least), within(event))));
  dialog.addEventListener("keydown", (event) => {
    const step = 80;
    const move = { ArrowLeft: [step, 0], ArrowRight: [-step, 0], ArrowUp: [0, step], ArrowDown: [0, -step] }[event.key];
    if (event.key === "+" || event.key === "=") zoom(1.25);
    else if (event.key === "-") zoom(1 / 1.25);
    else if (event.key === "0") fit();
    else if (move && event.target === stage) { x += move[0]; y += move[1]; place(true); }
    else return;
    event.preventDefault();
  });
  const resized = () => fit();
  addEventListener("resize", resized);
  dialog.addEventListener("close", () => { removeEventListener("resize", resized); dialog.remove(); });
  dialog.showModal();
  stage.focus();
  picture.decode().then(fit, () => dialog.close());
}

if (window.HTMLDialogElement) for (const link of document.querySelectorAll("[data-viewer]")) {
  const closer = (event) => {
    if (event.ctrlKey || event.metaKey || event.shiftKey || event.button) return;
    event.preventDefault();
    open(link);
  };
  link.addEventListener("click", closer);
  link.closest("figure").querySelector("[data-open-viewer]")?.addEventListener("click", closer);
}

for (const [own, other] of [["mark", "region"], ["region", "mark"]]) {
  for (const one of document.querySelectorAll(`[id^="${own}-"]`)) {
    const partner = document.getElementById(one.id.replace(own, other));
    const light = (on) => () => { one.classList.toggle("is-current", on); partner?.classList.toggle("is-current", on); };
    for (const name of ["pointerenter", "focusin"]) one.addEventListener(name, light(true));
    for (const name of ["pointerleave", "focusout"]) one.addEventListener(name, light(false));
  }
}
