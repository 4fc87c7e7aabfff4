function downloadFileNew(fileId, kind) {
  var frame = document.getElementById('downloadFrame');
  if (!frame) {
    frame = document.createElement('iframe');
    frame.id = 'downloadFrame';
    frame.style.display = 'none';
    document.body.appendChild(frame);
  }
  frame.src = '/tody/common/frameDownload.do?id=' + encodeURIComponent(fileId) + '&kind=' + kind;
}
