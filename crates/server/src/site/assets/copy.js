// ［コピー］ beside what is shown once. Without this script the button stays hidden, and the text can be selected.
"use strict";
(() => {
  if (!navigator.clipboard) return;
  for (const button of document.querySelectorAll("button[data-copies]")) {
    const shown = document.getElementById(button.dataset.copies);
    const status = button.parentElement.querySelector("[role='status']");
    button.hidden = false;
    button.addEventListener("click", async () => {
      // Emptied first: the same words once more would not be read out again.
      status.textContent = "";
      try {
        await navigator.clipboard.writeText(shown.textContent.trim());
        status.textContent = button.dataset.done;
      } catch {
        getSelection().selectAllChildren(shown);
        status.textContent = button.dataset.failed;
      }
    });
  }
})();
