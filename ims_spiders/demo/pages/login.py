"""The login page."""

from __future__ import annotations

from ims_spiders.demo.markup import text
from ims_spiders.demo.pages import layout


def login_page(message: str = "") -> str:
    """The form, with a message when a login was refused."""
    note = f'<p class="error">{text(message)}</p>' if message else ""
    return layout.bare(
        "IMS Login",
        f"""<div class="loginBox"><h1>IMS</h1>{note}
<form name="loginForm" method="post" action="{layout.LOGIN}">
<table><tr><td>ID</td><td><input type="text" id="id" name="id" value="" autocomplete="username"/></td>
<td rowspan="2"><input type="image" src="{layout.RESOURCES}login.png" alt="Login" width="60" height="40"/></td></tr>
<tr><td>Password</td><td><input type="password" id="password" name="password" value="" autocomplete="off"/></td></tr>
</table></form></div>""",
    )
