// What is drawn by lot (serial numbers, fingerprints, secrets, codes, ports) becomes the same in every picture. `sample` is
// a QR code for all: its side, and the path of its dark modules.
const letters = "3f9a71c5e08d24b6";
const fixed = (text) => text.replace(/[0-9a-f]{24,}/g, (found) => letters.repeat(8).slice(0, found.length))
  .replace(/(?:[0-9A-F]{2}:){19,}[0-9A-F]{2}/g, (found) => "3F:9A:71:C5:E0:8D:24:B6:".repeat(4).slice(0, found.length))
  .replace(/ CA (\d{4})-[0-9a-f]{6}/g, " CA $1-3f9a71")
  .replace(/koshin_[0-9a-f]{8}/g, "koshin_" + letters.slice(0, 8))
  .replace(/admin\.localhost(:\d+)?/g, "admin.example.jp")
  .replace(/localhost:\d+/g, "auth.example.jp")
  .replace(/(?:[A-Z2-7]{4} ){3,}[A-Z2-7]{1,4}/g, (found) => "KOSH INSA MPLE ABCD EFGH IJKL MNOP QRST".slice(0, found.length));
const texts = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
while (texts.nextNode()) texts.currentNode.textContent = fixed(texts.currentNode.textContent);
for (const secret of document.querySelectorAll(".password")) secret.textContent = "k7m2x9c4v8b3n6h5j2f7d9s4w8";
for (const group of document.querySelectorAll(".recovery-code span")) group.textContent = "K7M2";
for (const code of document.querySelectorAll("svg.qr")) {
  code.setAttribute("viewBox", `0 0 ${sample.side} ${sample.side}`);
  code.querySelector(".qr-light").setAttribute("width", sample.side);
  code.querySelector(".qr-light").setAttribute("height", sample.side);
  code.querySelector(".qr-dark").setAttribute("d", sample.dark);
}
