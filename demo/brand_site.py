"""The company of the demonstration, as its visitors see it: a post by its founder, a product page,
an order page.

    python -m demo.brand_site PORT FOLDER

A server on loopback, and nothing of ours behind it: what it shows follows from one file,
FOLDER/state.json, which the company's hands (`Company`) write and each request reads. So it
survives restarts, and no visitor can see that anyone steers it. Every page says that it is a
reconstruction.
"""

from __future__ import annotations

import hashlib
import html
import json
import os
import signal
import sys
from dataclasses import dataclass
from datetime import UTC, datetime
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from types import FrameType
from typing import Any, Final

POST_PATH, PRODUCT_PATH, ORDER_PATH = "/posts/5157", "/r1/options", "/order/r1"

# Its words. The brand, its people and its products are invented.
MARK: Final = "重演 / reconstruction"
BRAND: Final = "远岫汽车"
VANISHING: Final = "内部结构也一起改了，"
QUOTE: Final = f"新前舱盖照着赛道原型车来做，{VANISHING}两条风道把空气引到前制动，帮制动散热。"
POST_TITLE: Final = "关于双风道碳纤维前舱盖，说几句"
POST: Final = (
    "发布会之后，很多朋友问前舱盖上的两个开孔是不是装饰。",
    QUOTE,
    "整块蒙皮是碳纤维的，比原来的铝制前舱盖轻。选装价 42,000 元，本周开放选装。",
    "我们把真心交给每一位车主，价格也放得实实在在。",
    "首批车辆已经开始交付，感谢大家的等待。",
)
PUFFERY: Final = POST[3]
ON_THE_PRODUCT_PAGE: Final = "前部两个进风口，经独立风道把空气引向前制动。"
ON_THE_ORDER_PAGE: Final = "双风道碳纤维前舱盖（含前制动散热风道）"

_TYPE: Final = "text/html; charset=utf-8"


class Company:
    """What the company does with its pages. Every deed may be done twice, and none undoes a later
    one."""

    STAGES: Final = ("nothing", "published", "edited", "deleted")

    def __init__(self, folder: Path) -> None:
        self._file = folder / "state.json"

    def read(self) -> dict[str, Any]:
        """`stage` of the post, and when it got there (`published_at`, …)."""
        try:
            state: dict[str, Any] = json.loads(self._file.read_text())
        except FileNotFoundError:
            return {"stage": self.STAGES[0]}
        return state

    def publish(self) -> None:
        """Put up the post and the two pages."""
        self._reach("published")

    def edit(self) -> None:
        """Take the words on the inner structure out of the post, without a word about it."""
        self._reach("edited")

    def delete(self) -> None:
        """Take the post down."""
        self._reach("deleted")

    def _reach(self, stage: str) -> None:
        state = self.read()
        if self.STAGES.index(state["stage"]) >= self.STAGES.index(stage):
            return
        state |= {"stage": stage, f"{stage}_at": datetime.now(UTC).isoformat()}
        self._file.parent.mkdir(parents=True, exist_ok=True)
        draft = self._file.with_suffix(".draft")
        draft.write_text(json.dumps(state))
        draft.replace(self._file)


@dataclass(frozen=True)
class Page:
    """One answer."""

    status: int
    body: bytes


def page(path: str, state: dict[str, Any]) -> Page:
    """What stands at `path`."""
    if state["stage"] == "nothing":
        return _missing()
    published = datetime.fromisoformat(state["published_at"])
    if path == "/":
        return Page(200, _frame(BRAND, f"<main><h1>{BRAND}</h1><p>赛道之外，也是赛道。</p></main>"))
    if path == POST_PATH:
        return (
            _deleted()
            if state["stage"] == "deleted"
            else Page(200, _post(published, edited=state["stage"] == "edited"))
        )
    if path == PRODUCT_PATH:
        return Page(200, _product())
    if path == ORDER_PATH:
        return Page(200, _order())
    return _missing()


def _frame(title: str, content: str) -> bytes:
    """A page as such sites have them: navigation above, small print below."""
    return f"""<!doctype html>
<html lang="zh-CN">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width">
<title>{html.escape(title)} - {BRAND}</title>
<style>
body{{font:16px/1.8 sans-serif;margin:0 auto;max-width:46rem;padding:0 1rem}}
nav a{{margin-right:1rem}}
table{{border-collapse:collapse}}td,th{{border:1px solid #ccc;padding:.3rem .8rem}}
footer{{color:#666;font-size:.8rem;margin-top:3rem}}
</style>
</head>
<body>
<header><nav><a href="/">首页</a><a href="{PRODUCT_PATH}">R1 赛道版</a>\
<a href="{ORDER_PATH}">立即订购</a></nav></header>
{content}
<footer><p>{BRAND}为虚构品牌。本页为{MARK}，仅用于演示。</p>\
<p>图片仅供参考，以实车为准。</p></footer>
</body>
</html>
""".encode()


def _post(published: datetime, *, edited: bool) -> bytes:
    sentences = [line.replace(VANISHING, "") if edited else line for line in POST]
    body = "\n".join(f"<p>{html.escape(line)}</p>" for line in sentences)
    return _frame(
        POST_TITLE,
        f"""<main>
<article>
<h1>{POST_TITLE}</h1>
<p class="byline">创始人 · <time datetime="{published:%Y-%m-%dT%H:%M:%SZ}">\
{published:%Y-%m-%d %H:%M}</time></p>
{body}
</article>
<aside><h2>相关推荐</h2><ul>
<li><a href="{PRODUCT_PATH}">R1 赛道版选装一览</a></li>
<li><a href="{ORDER_PATH}">订购 R1 赛道版</a></li>
</ul></aside>
</main>""",
    )


def _product() -> bytes:
    return _frame(
        "R1 赛道版选装",
        f"""<main>
<h1>远岫 R1 赛道版 选装</h1>
<section>
<h2>双风道碳纤维前舱盖</h2>
<p>{ON_THE_PRODUCT_PAGE}</p>
<p>蒙皮为碳纤维，手工铺层。</p>
</section>
<section>
<h2>选装价格</h2>
<table>
<thead><tr><th>选装</th><th>价格</th><th>交付</th></tr></thead>
<tbody>
<tr><td>双风道碳纤维前舱盖</td><td>¥42,000</td><td>随车</td></tr>
<tr><td>碳陶制动盘</td><td>¥68,000</td><td>随车</td></tr>
<tr><td>赛道轮胎套装</td><td>¥12,800</td><td>提车后 30 日内</td></tr>
</tbody>
</table>
</section>
</main>""",
    )


def _order() -> bytes:
    return _frame(
        "确认订单",
        f"""<main>
<h1>确认订单</h1>
<form action="{ORDER_PATH}" method="post">
<table>
<thead><tr><th>项目</th><th>金额</th></tr></thead>
<tbody>
<tr><td>远岫 R1 赛道版</td><td>¥529,900</td></tr>
<tr><td>{ON_THE_ORDER_PAGE}</td><td>¥42,000</td></tr>
<tr><td>定金</td><td>¥5,000</td></tr>
<tr><td>预计交付</td><td>36 周</td></tr>
</tbody>
</table>
<p><label><input type="checkbox" name="agree"> 我已阅读并同意购车协议</label></p>
<p><button>锁定订单</button></p>
</form>
</main>""",
    )


def _deleted() -> Page:
    """As platforms word it when an author has taken a post down; many answer 200 to it."""
    return Page(
        200,
        _frame("内容已删除", "<main><h1>该内容已被作者删除</h1><p>你访问的内容不存在。</p></main>"),
    )


def _missing() -> Page:
    return Page(404, _frame("页面不存在", "<main><h1>404</h1><p>页面不存在</p></main>"))


class _Visitor(BaseHTTPRequestHandler):
    """One visitor's connection."""

    protocol_version = "HTTP/1.1"
    server_version = "web"
    sys_version = ""
    timeout = 20
    company: Company

    def do_GET(self) -> None:
        self._answer(with_body=True)

    def do_HEAD(self) -> None:
        self._answer(with_body=False)

    def _answer(self, *, with_body: bool) -> None:
        answer = page(self.path.partition("?")[0], self.company.read())
        tag = f'"{hashlib.sha256(answer.body).hexdigest()[:20]}"'
        if answer.status == 200 and self.headers.get("If-None-Match") == tag:
            self.send_response(304)
            self.send_header("ETag", tag)
            self.end_headers()
            return
        self.send_response(answer.status)
        self.send_header("Content-Type", _TYPE)
        self.send_header("Content-Length", str(len(answer.body)))
        self.send_header("Cache-Control", "no-cache")
        if answer.status == 200:
            self.send_header("ETag", tag)
        self.end_headers()
        if with_body:
            self.wfile.write(answer.body)


def server(port: int, folder: Path) -> ThreadingHTTPServer:
    """The site on loopback at `port` (0: any free one), not yet serving."""
    visitor = type("Visitor", (_Visitor,), {"company": Company(folder)})
    made = ThreadingHTTPServer(("127.0.0.1", port), visitor)
    made.daemon_threads = True
    return made


def _end(number: int, frame: FrameType | None) -> None:
    """Asked to end: at once, because nothing here is unfinished."""
    os._exit(0)


def main(port: str, folder: str) -> None:
    signal.signal(signal.SIGTERM, _end)
    signal.signal(signal.SIGINT, _end)
    server(int(port), Path(folder)).serve_forever()


if __name__ == "__main__":
    main(sys.argv[1], sys.argv[2])
