"""Master data as DWR gives it: JavaScript, not JSON."""

from __future__ import annotations

import json
from collections.abc import Mapping

from ims_spiders.demo.world import catalog
from ims_spiders.demo.world.people import PEOPLE


def dwr_script(call: str, parameters: Mapping[str, str]) -> str | None:
    """The script that answers a call such as `ProductDwr.findVersions`; None for one that does not exist."""
    argument = parameters.get("c0-param0", "").removeprefix("string:")
    product = catalog.PRODUCT_BY_CODE.get(argument)
    answers: dict[str, list[dict[str, str]]] = {
        "ProductDwr.findVersions": [{"version": f"v{major}.0"} for major in (6, 7)] if product else [],
        "ProductDwr.findModules": [{"moduleName": name} for name in product.modules] if product else [],
        "IssueCategoryDwr.findCategories": [{"categoryName": name} for name in catalog.CATEGORIES],
        "UserDwr.findUsersByName": [{"userName": person.name} for person in PEOPLE if argument in person.name],
    }
    rows = answers.get(call)
    if rows is None:
        return None
    lines = ["//#DWR-START", "var s0=[];"]
    for number, row in enumerate(rows, start=1):
        fields = "".join(f"s{number}[{json.dumps(key)}]={json.dumps(value)};" for key, value in row.items())
        lines.append(f"var s{number}={{}};{fields}s0[{number - 1}]=s{number};")
    identity = json.dumps(parameters.get("c0-id", "0"))
    return "\n".join([*lines, f"DWREngine._handleResponse({identity}, s0);", "//#DWR-END", ""])
