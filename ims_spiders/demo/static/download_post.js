function downloadFileNew(fileId, kind) {
  var form = document.createElement('form');
  form.method = 'post';
  form.action = '/tody/common/fileDownloadNew.do';
  form.target = '_blank';
  [['fileId', fileId], ['fileType', kind]].forEach(function (pair) {
    var input = document.createElement('input');
    input.type = 'hidden';
    input.name = pair[0];
    input.value = pair[1];
    form.appendChild(input);
  });
  document.body.appendChild(form);
  form.submit();
  document.body.removeChild(form);
}
