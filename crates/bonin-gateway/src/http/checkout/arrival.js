(function () {
  var told = JSON.parse(document.getElementById("told").textContent);
  if (told.origin) {
    var page = told.framed ? window.parent : window.opener;
    if (page && page !== window) page.postMessage(told.message, told.origin);
  }
  if (told.go) {
    location.replace(told.go);
  } else if (!told.framed) {
    window.close();
    var hint = document.getElementById("hint");
    if (hint) hint.hidden = false;
  }
})();
