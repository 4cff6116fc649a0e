// For pages with a field for a photo. Everything works without this file.
(function () {
  "use strict";

  // A photo is made smaller before it is sent, which also leaves behind when and where it was taken.
  document.addEventListener("change", function (event) {
    var input = event.target, file = input.files && input.files[0];
    if (!file || !input.dataset.shrink || !window.createImageBitmap || !window.DataTransfer) return;
    createImageBitmap(file, { imageOrientation: "from-image" }).then(function (picture) {
      var share = Math.min(1, input.dataset.shrink / Math.max(picture.width, picture.height));
      var canvas = document.createElement("canvas");
      canvas.width = Math.round(picture.width * share);
      canvas.height = Math.round(picture.height * share);
      canvas.getContext("2d").drawImage(picture, 0, 0, canvas.width, canvas.height);
      canvas.toBlob(function (small) {
        if (!small || small.size >= file.size || input.files[0] !== file) return;
        var box = new DataTransfer();
        box.items.add(new File([small], "photo.jpg", { type: small.type }));
        input.files = box.files;
      }, "image/jpeg", 0.7);
    }).catch(function () {});
  });
})();
