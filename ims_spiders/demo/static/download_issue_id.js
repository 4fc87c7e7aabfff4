function downloadFileNew(fileId, kind) {
  var issueId = document.getElementById('issueId').value;
  location.href = '/tody/ims/issue/' + issueId + '/files/' + encodeURIComponent(fileId) + '.do?issueId=' + issueId + '&kind=' + kind;
}
