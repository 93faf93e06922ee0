document.getElementById("go").submit();
