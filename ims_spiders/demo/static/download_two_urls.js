function downloadFileNew(fileId, kind) {
  if (kind === 'PATCH') {
    location.href = '/tody/ims/patch/patchFileDownload.do?patchFileId=' + encodeURIComponent(fileId);
  } else {
    location.href = '/tody/ims/issue/issueFileDownload.do?issueFileId=' + encodeURIComponent(fileId);
  }
}
