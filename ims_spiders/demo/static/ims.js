/* The scripts that every page of the tracker shares. */
function goReportSearch(form, pageIndex) {
  form.reSearchYN.value = 'Y';
  form.pageIndex.value = pageIndex;
  form.submit();
}
function goPage(number) {
  goReportSearch(document.issueSearchForm, String(number));
}
function popBlankIssueView(issueId, menuCode) {
  window.open('/tody/ims/issue/issueView.do?issueId=' + encodeURIComponent(issueId) +
    '&menuCode=' + encodeURIComponent(menuCode), '_blank');
}
function toggle(id) {
  var element = document.getElementById(id);
  element.style.display = element.style.display === 'none' ? '' : 'none';
}
function setDisplay3(id) {
  toggle(id);
}
function popupPatchList(projectCode, siteCode, productCode, projectName, siteName) {
  window.open('/tody/ims/patch/patchList.do?projectCode=' + encodeURIComponent(projectCode) +
    '&siteCode=' + encodeURIComponent(siteCode) + '&productCode=' + encodeURIComponent(productCode) +
    '&projectName=' + encodeURIComponent(projectName) + '&siteName=' + encodeURIComponent(siteName), 'patchList');
}
function fillRelationTable(entries) {
  var body = document.querySelector('#RelatedIssueTable tbody');
  entries.forEach(function (entry, index) {
    var row = document.createElement('tr');
    row.setAttribute('onclick', "popBlankIssueView('" + entry.issueId + "', 'issue_search')");
    [index + 1, entry.issueId, entry.statusName, entry.productName, entry.moduleName, entry.ownerName,
      entry.handlerName, entry.customerName, entry.projectName, entry.subject].forEach(function (value) {
      var cell = document.createElement('td');
      cell.textContent = value === null || value === undefined ? '' : value;
      row.appendChild(cell);
    });
    body.appendChild(row);
  });
}
function loadRelationIssues(issueId) {
  var request = new XMLHttpRequest();
  request.open('GET', '/tody/ims/issue/findRelationIssues.do?issueId=' + encodeURIComponent(issueId));
  request.setRequestHeader('X-Requested-With', 'XMLHttpRequest');
  request.onload = function () {
    var type = request.getResponseHeader('Content-Type') || '';
    if (request.status === 200 && type.indexOf('json') >= 0) { fillRelationTable(JSON.parse(request.responseText)); }
  };
  request.send();
}
