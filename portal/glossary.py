"""The words a translation must use, and those that give away the wrong half of the Chinese-speaking world."""

# A character outside this encoding belongs to the other script.
SCRIPTS = {"zh_Hans": "gb2312", "zh_Hant": "big5"}

# Terms of the glossary (docs/translations.md) that mean one thing wherever English says them.
REQUIRED = {
    "zh_Hans": {
        "activation code": "激活码",
        "auto-renewal": "自动续费",
        "coupon": "优惠券",
        "credit note": "退款凭证",
        "dispute": "争议",
        "esim": "eSIM",
        "invoice": "发票",
        "passkey": "通行密钥",
        "physical sim": "实体 SIM 卡",
        "qr code": "二维码",
        "receipt": "收据",
        "refund": "退款",
        "sign in": "登录",
        "sign out": "退出登录",
    },
    "zh_Hant": {
        "activation code": "啟用碼",
        "auto-renewal": "自動續約",
        "coupon": "優惠券",
        "credit note": "退款憑證",
        "dispute": "爭議",
        "esim": "eSIM",
        "invoice": "發票",
        "passkey": "通行密鑰",
        "physical sim": "實體 SIM 卡",
        "qr code": "QR Code",
        "receipt": "收據",
        "refund": "退款",
        "sign in": "登入",
        "sign out": "登出",
    },
}

# Right characters, wrong usage: the mainland's words in Taiwan's catalogue and the other way round.
STRAYS = {
    "zh_Hans": ("登入", "登出", "方案", "数据剩", "剩余数据", "门号", "储值", "简讯", "续约", "预设", "装置", "启用码", "网路", "帐号", "资讯", "程式"),
    "zh_Hant": (
        "套餐", "流量", "號卡", "登錄", "續費", "充值", "短信", "默認", "設備", "激活", "二維碼", "支付方式", "銀行卡",
        "停機", "復機", "銷戶", "賬戶", "信息", "網絡", "軟件", "郵箱", "重置", "工單", "兩步驗證",
    ),
}  # fmt: skip
