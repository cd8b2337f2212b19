// The desk's picture: a rectangle drawn on it fills in the four numbers, and the numbers draw the rectangle.
// Without this file the numbers are typed.
const SVG = "http://www.w3.org/2000/svg";
const stage = document.querySelector("[data-draw]");
const form = document.querySelector("[data-region-form]");

if (stage && form) {
  const overlay = stage.querySelector(".overlay");
  const { width, height } = overlay.viewBox.baseVal;
  const fields = ["x", "y", "width", "height"].map((name) => form.elements.namedItem(name));
  const group = document.createElementNS(SVG, "g");
  const box = document.createElementNS(SVG, "rect");
  group.setAttribute("class", "region is-drawn is-current");
  box.setAttribute("class", "region-box");
  group.append(box);
  overlay.append(group);
  stage.classList.add("is-live");

  const show = () => {
    const [x, y, w, h] = fields.map((field) => Number(field.value));
    box.setAttribute("x", (x * width) / 1000);
    box.setAttribute("y", (y * height) / 1000);
    box.setAttribute("width", (w * width) / 1000);
    box.setAttribute("height", (h * height) / 1000);
  };
  const place = (event) => {
    const frame = stage.getBoundingClientRect();
    const part = (at, start, size) => Math.round(Math.max(0, Math.min(1, (at - start) / size)) * 1000);
    return [part(event.clientX, frame.left, frame.width), part(event.clientY, frame.top, frame.height)];
  };
  let start = null;
  stage.addEventListener("pointerdown", (event) => {
    if (event.button) return;
    event.preventDefault();
    stage.setPointerCapture(event.pointerId);
    start = place(event);
  });
  stage.addEventListener("pointermove", (event) => {
    if (!start) return;
    const [x, y] = place(event);
    const drawn = [Math.min(x, start[0]), Math.min(y, start[1]), Math.abs(x - start[0]), Math.abs(y - start[1])];
    drawn.forEach((value, index) => { fields[index].value = value; });
    show();
  });
  stage.addEventListener("pointerup", () => {
    if (!start) return;
    start = null;
    form.querySelector("textarea, input[lang]")?.focus();
  });
  stage.addEventListener("pointercancel", () => { start = null; });
  for (const field of fields) field.addEventListener("input", show);
  show();
}
