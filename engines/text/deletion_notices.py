"""The sentences with which platforms say that there is nothing to read: deleted, not found,
blocked, log in.

Every pattern is a whole statement, in the folded form of `anchors.fold` and in small letters: no
white space beside Chinese characters, punctuation or between a letter and a digit ("404not found"),
punctuation in half width, nothing behind the last word. A pattern that is also a likely sentence of
a live post is no loss by itself, for `classification` asks that a page hold nothing else.
"""

import re


def _any(words: str) -> str:
    """An alternative of the words of a string."""
    return "(?:" + "|".join(re.findall("[^ ]+", words)) + ")"


_SLOTS = {
    # Chinese
    "sorry": _any(
        "非常抱歉 很抱歉 十分抱歉 抱歉 真对不起 对不起 不好意思 很遗憾 遗憾 sorry oops 啊哦 哎呀 "
        "呀 糟糕 啊叻 啊咧"
    )
    + "[,!.?:~…]*",
    "this": (
        "(?:该|此|这个|这条|这篇|这|本|当前|(?:您|你)?(?:正在|要|想要|所|想)?"
        "(?:访问|查看|浏览|观看|打开|请求|寻找|找|点击|看|搜索)的(?:该|这个)?)"
    ),
    "thing": _any(
        "微博 内容 文章 图文 帖子 贴子 帖 贴 主题 话题 视频 稿件 作品 笔记 动态 回答 问题 提问 "
        "想法 专栏 评论 日志 说说 消息 信息 图片 相册 链接 页面 网页 网址 商品 宝贝 店铺 资源 文件 "
        "博文 博客 账号 帐号 账户 用户 公众号 直播 音频 节目 推文 活动 新闻 页 网站"
    ),
    "yet": "(?:已经|已|现已|可能已经|可能已|或已|目前|暂时|刚刚|现在|似乎|好像)*",
    "who": (
        "(?:原)?(?:作者|发布者|发布人|发帖人|楼主|博主|用户|主人|up主|管理员|版主|平台|系统|卖家"
        "|商家|创作者|投稿人)"
    ),
    "removed": _any(
        "删除 移除 下架 屏蔽 隐藏 清除 撤回 撤下 撤除 注销 封禁 冻结 封号 关闭 停用 失效 删掉 下线 "
        "过期 不可见 设为私密 设置为私密 转为私密"
    ),
    "because": (
        "(?:[,;、或][^.!?]{0,10}(?:无法|不能|不可|暂不|看不|请|返回|可能|如有|如需|换|去|试试|了解)"
        "[^.!?]{0,30})?"
    ),
    "missing": _any(
        "不存在 未找到 找不到 没有找到 没找到 无法找到 走丢 走失 不见 飞走 迷路 失踪 丢失 消失 "
        "暂时无法浏览 无法浏览 无法查看 无法显示"
    ),
    # English
    "excuse": (
        "(?:(?:sorry|oops|uh-oh|hmm+|whoops|unfortunately|we're sorry|we are sorry)[,.!:… -]*"
        "(?:but )?)"
    ),
    "item": _any(
        "post tweet video page content article story account comment item listing product photo "
        "note thread question answer submission user channel reel status image document message "
        "media link profile entry topic resource file url address"
    )
    + "s?",
    "gone": (
        "(?:deleted|removed|taken down|withdrawn|unpublished|suspended|terminated|deactivated"
        "|retracted|hidden|made private|disabled)"
    ),
    "tail": "(?:[,;]? ?(?:by|for|because|due to|at|as|on|from|and|or|following) ?[^.!?]{1,100})?",
}


def _pattern(*alternatives: str) -> re.Pattern[str]:
    """One pattern for a list of statements; ‹name› stands for a slot."""
    return re.compile(
        "|".join(
            re.sub("‹([a-z]+)›", lambda slot: f"(?:{_SLOTS[slot.group(1)]})", pattern)
            for pattern in alternatives
        )
    )


TOMBSTONES = _pattern(
    # 抱歉，此微博已被作者删除 · 该内容已被发布者删除 · 很抱歉，该贴已被删除 · 该账号已自主注销
    # 视频已失效
    "‹sorry›?‹this›?‹thing›(?:[或/、和及]‹thing›)?‹yet›(?:被|由|遭)?‹who›?(?:本人|自己)?"
    "(?:自行|主动|自主|申请)?‹removed›(?:了|啦)?‹because›",
    "‹sorry›?‹who›‹yet›(?:自行)?‹removed›了?(?:该|此|这条|这篇)‹thing›",
    # 此内容因违规无法查看 · 此内容被投诉且经审核涉嫌侵权，无法查看
    # 该账号因被投诉违反…的相关规定，现已无法查看
    "‹sorry›?‹this›?‹thing›‹yet›(?:由于|因为|因|被|涉嫌|经)[^.!?]{0,60}?"
    "(?:违规|违反|侵权|投诉|举报|版权|规定|法规|政策|审核)[^.!?]{0,40}?(?:无法|不能|不予|暂不|被)"
    "(?:查看|显示|访问|浏览|观看|展示|提供|‹removed›)",
    # 由于博主设置，目前内容暂不可见 · 作者已设置仅展示半年内微博，此微博已不可见
    "‹sorry›?(?:由于)?(?:该|对方)?‹who›[^.!?]{0,6}设置[^.!?]{0,24}"
    "(?:不可见|无法查看|暂无查看权限|暂无权限|不予显示)",
    # This post was deleted by the Post author · Sorry, this video has been removed for violating …
    "‹excuse›?(?:this|the|that)(?: [a-z]+)? ‹item› "
    "(?:has been|was|have been|were|is|had been|has since been) (?:permanently )?‹gone›‹tail›",
    "‹excuse›?(?:the (?:author|owner|user|uploader|poster)|its author|user)(?: has)? "
    "(?:deleted|removed|deactivated|withdrew|hid)[^.!?]{0,60}‹item›",
    "‹excuse›?(?:this|the) ‹item› is (?:private|no longer available)‹tail›",
    "‹excuse›?‹item› (?:deleted|removed|suspended|terminated)"
    "(?: by (?:the |its )?(?:author|owner|user|uploader|moderators?))?",
    r"\[(?:deleted|removed)\]",
)
NOT_FOUND = _pattern(
    # 你访问的页面不存在 · 很抱歉，您查看的宝贝不存在，可能已下架或者被转移 · 视频不见了
    # 当前笔记暂时无法浏览
    "‹sorry›?‹this›?‹thing›(?:[或/、和及]‹thing›)?‹yet›‹missing›(?:了|啦)?"
    "(?:[,或]?‹yet›(?:被)?‹who›?(?:被)?‹removed›(?:或者?被?转移)?)?‹because›",
    "‹sorry›?(?:我们)?(?:找不到|没有找到|未找到|无法找到|没找到)了?‹this›?‹thing›‹because›",
    # 商品可能已下架或者被转移
    "‹sorry›?(?:‹this›)?‹thing›‹yet›(?:被)?‹removed›了?"
    "(?:[或、,](?:者)?‹yet›被?(?:转移|移走|‹removed›|不存在)){1,3}",
    "(?:404|找不到|未找到)(?:页面|网页)?|(?:页面|网页|内容)(?:走丢|丢失|飞走|消失|迷路|不见)了?",
    "‹excuse›?the page you (?:requested|are looking for|were looking for|wanted)"
    "(?: has| may have| might have| was)?(?: been)? (?:‹gone›|moved|renamed|not found)‹tail›",
    "‹excuse›?this (?:page|product|item) (?:has been|was|is) "
    "(?:‹gone›|discontinued|no longer (?:available|sold|exists?))‹tail›",
    r"(?:http ?|error ?|错误:?)?(?:404|410)(?: ?error| ?错误)?[,:-]?"
    r"(?: ?(?:page |file )?not found| ?gone|‹thing›‹missing›|未找到)?",
    "‹excuse›?(?:the |this |that |requested )?(?:requested )?(?:‹item› )?not found",
    "‹excuse›?(?:the|this|that|your)(?: requested)? ‹item›(?: you[^.!?]{1,60})? (?:could not be"
    "|couldn't be|can't be|cannot be|was not|wasn't) (?:found|displayed|located)‹tail›",
    "‹excuse›?(?:the|this|that) ‹item›(?: you[^.!?]{1,60})? (?:doesn't exist|does not exist"
    "|no longer exists|isn't available|is not available|is unavailable|isn't here|is missing)"
    "(?: right now| at the moment| any ?more)?‹tail›",
    "‹excuse›?we (?:couldn't|can't|could not|cannot) (?:find|locate) (?:the|that|this|your) ‹item›"
    "[^.!?]{0,60}",
    "‹excuse›?(?:‹item› unavailable|nothing (?:was )?found(?: here)?|nothing (?:to see )?here"
    "|there's nothing here)",
)
BLOCKS = _pattern(
    # Consent walls: a page of nothing but that.
    "(?:your |manage |about )?(?:privacy|cookies?)"
    "(?: settings| preferences| notice| policy| choices| consent)?|we value your privacy",
    "(?:with your (?:consent|permission|agreement), ?)?(?:we|this (?:web)?site|our partners)"
    "(?: and [^.!?]{0,60})? (?:use|store|set|need)s?[^.!?]{0,60}cookies[^.!?]{0,160}",
    "before you continue[^.!?]{0,60}"
    "|by (?:clicking|continuing)[^!?]{0,160}(?:cookies|consent|agree)[^!?]{0,80}",
    "(?:we ask for|give us|we need) your consent[^.!?]{0,100}"
    "|you can (?:change|withdraw)[^.!?]{0,100}(?:settings|consent|choices)[^.!?]{0,40}",
    "(?:本网站|本站|我们)(?:及[^.!?]{0,20})?(?:会|将|需要)?(?:使用|存储|收集)[^.!?]{0,20}cookies?"
    "[^.!?]{0,80}|(?:隐私|cookie)(?:设置|偏好|声明)",
    # Interstitials of shields.
    "(?:‹excuse›)?(?:you will be|you are being|you'll be) "
    "(?:connected|redirected|forwarded|transferred)[^!?]{0,120}",
    "(?:please wait|one moment(?: please)?|hold on)[^!?]{0,120}|请稍[候等后][^!?]{0,60}",
    "(?:正在|我们正在)(?:检查|验证|检测|确认)[^.!?]{0,60}",
    "(?:this (?:process|check) is automatic|your browser will redirect[^.!?]{0,80}"
    "|ddos protection by[^!?]{0,40}|protected by[^!?]{0,60})",
    "[^.!?]{0,60}(?:needs to review the security of your connection|is verifying you)[^.!?]{0,80}"
    "|verification (?:successful|required)[^.!?]{0,80}",
    "(?:当前|您的|你的|本次|检测到)?(?:网络|访问|操作|运行|系统)?环境(?:存在)?(?:异常|风险)"
    "(?:,[^!?]{0,40})?|(?:完成|通过)验证后[^.!?]{0,20}",
    "(?:系统|我们|本站|平台)?(?:检测|监测|发现|识别)到?[^.!?]{0,50}"
    "(?:异常|频繁|风险|机器人|爬虫|可疑)[^.!?]{0,60}",
    "(?:为了?(?:保证|保障|确保)[^.!?]{0,40})?[,]?请[^.!?]{0,12}(?:完成|进行|通过|点击)[^.!?]{0,16}"
    "(?:验证|校验)[^.!?]{0,20}",
    "just a moment[.…]*|checking your browser[^.!?]{0,60}"
    "|(?:verify|confirm)(?:ing)?(?: that)? you are (?:a )?human[^.!?]{0,80}",
    "are you a (?:human|robot)[^.!?]{0,20}"
    "|(?:our systems have detected )?unusual traffic[^.!?]{0,80}",
    "‹excuse›?(?:please )?(?:complete|solve|enable)[^.!?]{0,40}"
    "(?:captcha|verification|challenge|cookies|security check)[^.!?]{0,40}",
    "‹excuse›?(?:access(?: to this page has been)? denied|attention required|request blocked"
    "|you have been blocked)",
    "(?:403 ?-? ?)?forbidden",
    "‹excuse›?(?:too many requests|rate limit exceeded)[^.!?]{0,40}",
    "‹sorry›?请先?(?:完成|进行|通过|输入|拖动|滑动|点击)[^.!?]{0,20}(?:验证|验证码|滑块|拼图)"
    "[^.!?]{0,20}",
    "(?:安全|人机|身份|滑动|滑块)验证(?:中心)?",
    "‹sorry›?(?:您|你)?的?(?:访问|操作|请求|ip|网络环境|账号|行为)[^.!?]{0,12}"
    "(?:频繁|异常|受限|被限制|被拦截|存在风险|过快)‹because›",
    "‹sorry›?(?:访问被拒绝|拒绝访问|禁止访问|请求被拒绝|访问受限|系统检测到[^.!?]{0,40})",
)
TROUBLES = _pattern(
    "‹sorry›?(?:系统|服务器?|网络|网站|页面|网页|访问|数据|加载|请求)?(?:似乎|好像)?(?:繁忙|开小差"
    "|出错|错误|异常|故障|走神|加载失败|失败|维护中?|升级中?|超时|(?:暂时)?无法访问|暂不可用)了?"
    "(?:[,;][^.!?]{0,30})?",
    "‹sorry›?请?(?:稍后|稍候|过一会儿?)再?(?:试|重试|来|访问)[^.!?]{0,10}"
    "|(?:系统|网站)(?:正在)?维护[^.!?]{0,20}",
    "(?:本站|网站|系统|平台|服务器?|网页|页面)(?:正在)?(?:停机|升级|维护|更新|割接|迁移){1,3}"
    "(?:维护|升级|中){0,3}[^.!?]{0,40}",
    "(?:本站|网站|系统|平台|我们)[^.!?]{0,40}(?:进行|正在)[^.!?]{0,12}(?:升级|维护|割接|更新|迁移)"
    "[^.!?]{0,50}",
    "(?:给您|对此|由此)[^.!?]{0,12}(?:带来|造成)[^.!?]{0,10}不便[^.!?]{0,20}|(?:敬请|请您?)谅解"
    "|感谢您的(?:理解|支持|耐心)[^.!?]{0,12}",
    "(?:error|failed|unable|could not|cannot) "
    "(?:establishing|connecting|connect|to connect|to establish)[^.!?]{0,60}",
    "(?:fatal error|parse error|warning|database error|sql error|mysql[^.!?]{0,20} error"
    "|uncaught [a-z]+)[^!?]{0,120}",
    "数据库(?:连接)?(?:错误|失败|异常|出错)[^.!?]{0,40}|(?:无法|不能)连接(?:到)?数据库[^.!?]{0,30}"
    "|bad request|request timed? ?out",
    "‹excuse›?(?:we'll|we will) be (?:right )?back(?: soon| shortly)?[^.!?]{0,60}"
    "|(?:site|website|store) (?:is )?(?:offline|closed|unavailable)[^.!?]{0,40}",
    "‹excuse›?(?:the |this )?(?:web ?server|web ?site|host|service|application|server)"
    "(?: is| has| reported)?[^.!?]{0,20} "
    "(?:down|overloaded|unavailable|returned an error|encountered[^.!?]{0,40}error)[^.!?]{0,60}",
    "‹excuse›?(?:something went wrong|an error (?:has )?occurred|internal server error"
    "|service (?:temporarily )?unavailable)‹tail›",
    "bad gateway|gateway time-?out",
    "(?:5\\d\\d) ?(?:internal server error|bad gateway|service unavailable|gateway time-?out)",
    "‹excuse›?(?:(?:we are|we're|the site is|this site is)(?: currently)? )?(?:down for |under )"
    "(?:scheduled )?maintenance[^.!?]{0,60}",
    "(?:please )?try again (?:later|in [^.!?]{1,30})",
)
LOGINS = _pattern(
    "sina visitor system|新浪访客系统|微博访客系统|[^.!?]{0,20}visitor system",
    "(?:该|此|本)?(?:内容|页面|文章)?(?:仅|只)(?:限|对)?(?:登录|注册|会员)用户?"
    "(?:可见|可以?查看|开放)[^.!?]{0,16}",
    "‹excuse›?(?:this|the) (?:page|content|post) is (?:only )?(?:available|visible) (?:only )?to "
    "(?:members|subscribers|signed-in|logged-in)[^.!?]{0,40}",
    "(?:请|您需要|你需要|需要|您必须)?先?(?:登录|登陆)(?:/注册|或注册|并注册)?(?:账号|帐号|微博"
    "|知乎|账户)?(?:后|以|即可|才能|之后|方可|再|可|,)*(?:查看|浏览|访问|继续|阅读|观看|使用|看"
    "|参与)?(?:更多|全文|完整|全部|精彩|剩余)?(?:内容|文章|评论|信息|操作|访问|浏览)?",
    "注册/?登录|登录/?注册|(?:扫码|密码|短信|验证码|账号|手机号?|微信|qq|用户|会员)(?:快捷)?登录"
    "|欢迎登录",
    "‹excuse›?(?:please |you (?:must|need to|have to) )?(?:be logged in|log ?in|sign ?in)"
    "(?: or (?:register|sign ?up|create an account))?(?: to [^.!?]{1,80}| first)?",
)
SCRIPTS = _pattern(
    "‹excuse›?(?:you need to|please|you must) (?:enable|turn on|allow) javascript[^.!?]{0,80}",
    "[^.!?]{0,60}javascript is (?:required|disabled|not enabled)[^.!?]{0,80}",
    "‹sorry›?(?:请|您需要|需要|本站需要)?先?(?:开启|启用|打开|允许)(?:浏览器的?)?javascript"
    "[^.!?]{0,40}",
    "(?:正在)?(?:加载|载入)中?[.…]*|loading[.…]*",
)
# What stands around notices and is none itself.
FURNITURE = _pattern(
    "‹sorry›|‹excuse›",
    "(?:查看帮助|帮助中心?|意见反馈|联系客服|了解更多|详情|知道了|确定|取消|关闭|刷新|重试|重新加载"
    "|返回|后退|搜索)(?::?(?:https?://)?[a-z0-9./_?=&%-]+)?",
    "(?:点击)?(?:返回|回到|前往|去|进入|跳转到?)(?:网站)?"
    "(?:首页|主页|上一页|上页|登录页?|别处逛逛|发现页)[^.!?]{0,10}",
    "请?(?:检查|核对|确认)[^.!?]{0,16}(?:网址|链接|地址|网络|拼写)[^.!?]{0,20}",
    r"\d{0,3}s?秒?(?:后|钟后)?将?(?:为您)?(?:自动)?(?:跳转|返回|关闭)[^.!?]{0,16}",
    "(?:您|你)?(?:可以|还可以)?去?(?:看看|逛逛|浏览|试试)(?:其他|别的|更多|热门)[^.!?]{0,12}",
    r"https?://\S+|(?:错误|请求|追踪)?(?:码|编号|id):?\w{1,40}"
    r"|(?:request|trace|error|ray) ?(?:id|code):? ?\w{1,40}",
    r"(?:©|copyright|版权所有)[^!?]{0,80}|[^.!?]{0,6}icp[备证][^.!?]{0,20}|京公网安备[^.!?]{0,24}",
    "忘记密码|立即注册|免费注册|注册|用户名|密码|手机号码?|验证码|获取验证码|记住我|下次自动登录"
    "|邮箱|账号|请输入[^.!?]{1,12}",
    "(?:去|立即|点击|开始|重新|前往|马上)验证|同意(?:并继续)?|全部?接受|接受(?:全部|所有)?"
    "|拒绝(?:全部|所有)?|我知道了|管理(?:选项|偏好)",
    "(?:i )?agree|(?:i )?accept(?: all| and continue)?(?: cookies)?|reject(?: all)?(?: cookies)?"
    "|decline|allow(?: all)?|manage (?:options|settings|preferences|choices)",
    "continue|more (?:options|information)|save(?: and exit| preferences| settings)?"
    "|(?:ray|incident|support) id[^!?]{0,60}|performance & security by[^!?]{0,40}",
    "this (?:may|might|could|should|will|can) (?:only )?take (?:a |up to )?[^.!?]{0,40}",
    "learn about[^.!?]{0,40}|(?:联系我们|客服热线|服务热线|隐私政策|用户协议|法律声明)"
    "(?::? ?[0-9-]{5,20})?|[0-9-]{7,20}|privacy policy|terms(?: of (?:use|service))?",
    "learn more|help|help center|contact us|close|cancel|ok|retry|try again|refresh|reload|search"
    "|back|go back|see more",
    "(?:go|return|back|take me)(?: back)?(?: to)?(?: the)? ?"
    "(?:home|home ?page|front page|previous page)",
    "(?:please )?(?:check|verify) the (?:url|address|link|spelling)[^.!?]{0,50}",
    "(?:please )?try (?:searching for something else|another search)",
    "the link you followed may be broken[^.!?]{0,60}|when this happens[^.!?]{0,140}"
    "|it (?:may|might|could) have been [^.!?]{1,80}",
    "(?:x|twitter) suspends accounts[^.!?]{0,60}",
    "(?:forgot(?:ten)?(?: your)? password|create(?: an| a new)? account|sign ?up|register"
    "|email(?: address)?|username|password)",
    r"remember me|continue with \w+|new here",
)
