// What was advertised over what was received, with an edge to drag or to move by arrow keys.
// Without this file both stand side by side.
for (const figure of document.querySelectorAll("[data-compare]")) {
  const stage = figure.querySelector(".compare-stage");
  const range = document.createElement("input");
  range.type = "range";
  range.min = 0;
  range.max = 100;
  range.value = 50;
  range.className = "compare-range";
  range.setAttribute("aria-label", figure.dataset.label);
  const edge = document.createElement("span");
  edge.className = "compare-edge";
  const show = () => {
    stage.style.setProperty("--split", `${range.value}%`);
    range.setAttribute("aria-valuetext", `${range.value} % / ${100 - range.value} %`);
  };
  range.addEventListener("input", show);
  const mode = document.createElement("button");
  mode.type = "button";
  mode.className = "plain";
  const set = (over) => {
    stage.classList.toggle("is-over", over);
    stage.classList.toggle("is-beside", !over);
    for (const side of stage.querySelectorAll("a")) side.tabIndex = over ? -1 : 0;
    if (over) stage.append(edge, range);
    else { edge.remove(); range.remove(); }
    mode.textContent = over ? figure.dataset.both : figure.dataset.over;
  };
  mode.addEventListener("click", () => set(!stage.classList.contains("is-over")));
  figure.querySelector(".compare-mode").append(mode);
  set(true);
  show();
}
