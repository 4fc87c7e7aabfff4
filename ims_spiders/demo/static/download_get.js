function downloadFileNew(fileId, kind) {
  location.href = '/tody/common/fileDownload.do?fileId=' + encodeURIComponent(fileId) + '&fileType=' + kind;
}
