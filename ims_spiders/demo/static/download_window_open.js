function downloadFileNew(fileId, kind) {
  window.open('/tody/common/popupDownload.do?type=' + kind + '&file=' + encodeURIComponent(fileId), '_blank', 'width=1,height=1');
}
