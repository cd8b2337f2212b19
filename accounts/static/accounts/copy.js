// A button that copies what stands beside it: `<pre data-copy="Copy" data-copied="Copied">`. Without a script one selects and copies.

for (const shown of document.querySelectorAll("[data-copy]")) {
  if (!navigator.clipboard) break; // over plain HTTP browsers keep it from pages
  const button = document.createElement("button");
  button.type = "button";
  button.textContent = shown.dataset.copy;
  button.addEventListener("click", async () => {
    try {
      await navigator.clipboard.writeText(shown.textContent.trim());
      button.textContent = shown.dataset.copied;
    } catch {
      getSelection().selectAllChildren(shown); // refused: what is to be copied is at least marked
    }
  });
  shown.after(button);
}
