// Ctrl+Enter (or Cmd+Enter) generates and Esc interrupts, as in the host's own tabs.
document.addEventListener("keydown", function (event) {
    const app = typeof gradioApp === "function" ? gradioApp() : document;
    const generate = app.querySelector("#facechain_generate");
    if (!generate || generate.offsetParent === null) {
        return; // the Portrait page is not the one that is seen
    }
    if (event.key === "Enter" && (event.ctrlKey || event.metaKey)) {
        generate.click();
        event.preventDefault();
    } else if (event.key === "Escape") {
        app.querySelector("#facechain_interrupt").click();
    }
});
