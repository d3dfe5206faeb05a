"""What real clients call themselves: browsers, what apps show pages with, mail programs. None is a machine."""

_IOS = "Mozilla/5.0 (iPhone; CPU iPhone OS 18_5 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like Gecko)"
_ANDROID = "Mozilla/5.0 (Linux; Android 14; {}) AppleWebKit/537.36 (KHTML, like Gecko)"
_WEBVIEW = "Mozilla/5.0 (Linux; Android 13; {}; wv) AppleWebKit/537.36 (KHTML, like Gecko) Version/4.0"
_WINDOWS = "Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko)"
_MAC = "Mozilla/5.0 (Macintosh; Intel Mac OS X 10_15_7)"
_PIXEL = _ANDROID.format("Pixel 8")
_GALAXY = _ANDROID.format("SM-A536B")

DESKTOP = (
    f"{_WINDOWS} Chrome/141.0.0.0 Safari/537.36",
    f"{_WINDOWS} Chrome/49.0.2623.112 Safari/537.36",
    f"{_WINDOWS} Chrome/140.0.0.0 Safari/537.36 Edg/140.0.0.0",
    f"{_WINDOWS} Chrome/64.0.3282.140 Safari/537.36 Edge/18.17763",
    f"{_WINDOWS} Chrome/138.0.0.0 Safari/537.36 OPR/122.0.0.0",
    f"{_WINDOWS} Chrome/130.0.0.0 Safari/537.36 Vivaldi/7.0.3495.6",
    f"{_WINDOWS} Chrome/128.0.0.0 YaBrowser/24.10.0.0 Safari/537.36",
    f"{_WINDOWS} Chrome/126.0.0.0 Safari/537.36 Avast/126.0.25497.127",
    f"{_WINDOWS} Chrome/124.0.0.0 Safari/537.36 AVG/124.0.25069.209",
    f"{_WINDOWS} Chrome/122.0.0.0 Safari/537.36 Norton/122.0.24368.130",
    f"{_WINDOWS} Chrome/120.0.0.0 Safari/537.36 CCleaner/120.0.23745.268",
    f"{_WINDOWS} Chrome/118.0.0.0 Safari/537.36 Whale/3.23.214.10",
    "Mozilla/5.0 (Windows NT 10.0; Win64; x64; rv:143.0) Gecko/20100101 Firefox/143.0",
    "Mozilla/5.0 (Windows NT 6.1; rv:52.0) Gecko/20100101 Firefox/52.0",
    "Mozilla/5.0 (Windows NT 10.0; WOW64; Trident/7.0; rv:11.0) like Gecko",
    "Mozilla/4.0 (compatible; MSIE 8.0; Windows NT 6.1; Trident/4.0)",
    "Mozilla/5.0 (Windows NT 10.0; Win64; x64; rv:128.0) Gecko/20100101 Thunderbird/128.4.0",
    f"{_MAC} AppleWebKit/605.1.15 (KHTML, like Gecko) Version/18.5 Safari/605.1.15",
    f"{_MAC} AppleWebKit/537.36 (KHTML, like Gecko) Chrome/141.0.0.0 Safari/537.36",
    f"{_MAC} AppleWebKit/605.1.15 (KHTML, like Gecko)",
    "Mozilla/5.0 (Macintosh; Intel Mac OS X 10.15; rv:143.0) Gecko/20100101 Firefox/143.0",
    "Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101 Firefox/140.0",
    "Mozilla/5.0 (X11; Ubuntu; Linux x86_64; rv:109.0) Gecko/20100101 Firefox/115.0",
    "Mozilla/5.0 (X11; CrOS x86_64 14541.0.0) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/140.0.0.0 Safari/537.36",
    "Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/605.1.15 (KHTML, like Gecko) Version/18 Safari/605.1.15 Epiphany/605",
    "Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 (KHTML, like Gecko) konqueror/22.12.3 Safari/537.36",
)
PHONES = (
    f"{_IOS} Version/18.5 Mobile/15E148 Safari/604.1",
    f"{_IOS} CriOS/140.0.7339.101 Mobile/15E148 Safari/604.1",
    f"{_IOS} FxiOS/143.0 Mobile/15E148 Safari/605.1.15",
    f"{_IOS} Version/18.0 EdgiOS/140.0.3485.54 Mobile/15E148 Safari/604.1",
    f"{_IOS} Version/18.5 Mobile/15E148 DuckDuckGo/7 Safari/605.1.15",
    f"{_IOS} GSA/384.0.810943171 Mobile/15E148 Safari/604.1",
    f"{_IOS} OPT/6.0.0 Mobile/15E148",
    (
        "Mozilla/5.0 (iPad; CPU OS 12_5_7 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like Gecko) Version/12.1.2 "
        "Mobile/15E148 Safari/604.1"
    ),
    f"{_PIXEL} Chrome/140.0.0.0 Mobile Safari/537.36",
    "Mozilla/5.0 (Linux; Android 10; K) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/141.0.0.0 Mobile Safari/537.36",
    (
        "Mozilla/5.0 (Linux; Android 10; K) AppleWebKit/537.36 (KHTML, like Gecko) SamsungBrowser/28.0 "
        "Chrome/130.0.0.0 Mobile Safari/537.36"
    ),
    f"{_GALAXY} SamsungBrowser/23.0 Chrome/115.0.0.0 Mobile Safari/537.36",
    f"{_PIXEL} Chrome/138.0.0.0 Mobile Safari/537.36 OPR/89.0.0.0",
    f"{_PIXEL} Version/4.0 Chrome/110.0.0.0 Mobile DuckDuckGo/5 Safari/537.36",
    f"{_ANDROID.format('CUBOT X30')} Chrome/114.0.0.0 Mobile Safari/537.36",
    f"{_ANDROID.format('CUBOT_NOTE_20')} Chrome/96.0.4664.104 Mobile Safari/537.36",
    f"{_ANDROID.format('Redmi Note 12')} Chrome/112.0.5615.136 Mobile Safari/537.36 XiaoMi/MiuiBrowser/14.2.0-gn",
    f"{_ANDROID.format('V2158')} Chrome/87.0.4280.141 Mobile Safari/537.36 VivoBrowser/10.9.4.0",
    f"{_ANDROID.format('CPH2449')} Chrome/115.0.5790.168 Mobile Safari/537.36 HeyTapBrowser/40.8.21",
    f"{_ANDROID.format('LYA-L29')} Chrome/99.0.4844.88 HuaweiBrowser/13.0.5.303 Mobile Safari/537.36",
    "Mozilla/5.0 (Android 14; Mobile; rv:143.0) Gecko/143.0 Firefox/143.0",
    (
        "Mozilla/5.0 (Linux; U; Android 11; en-US; RMX2185) AppleWebKit/537.36 (KHTML, like Gecko) Version/4.0 "
        "Chrome/100.0.4896.58 UCBrowser/13.7.5.1321 Mobile Safari/537.36"
    ),
    "UCWEB/2.0 (MIDP-2.0; U; Adr 9.0.0; en-US; ZTE) U2/1.0.0 UCBrowser/10.7.6 U2/1.0.0 Mobile",
    (
        "Mozilla/5.0 (Linux; U; Android 4.4.2; en-us; LGMS323 Build/KOT49I) AppleWebKit/537.36 (KHTML, like Gecko) "
        "Version/4.0 Chrome/30.0.1599.103 Mobile Safari/537.36"
    ),
    "Mozilla/5.0 (Linux; U; Android 2.3.6; en-us; GT-S5830) AppleWebKit/533.1 (KHTML, like Gecko) Version/4.0 Mobile",
    "Opera/9.80 (Android; Opera Mini/63.0.2254/191.303; U; en) Presto/2.12.423 Version/12.16",
    "Opera/9.80 (J2ME/MIDP; Opera Mini/9.80 (S60; SymbOS; Opera Mobi/23.348; U; en) Presto/2.5.25 Version/10.54",
    "Mozilla/5.0 (Mobile; Nokia_2720_Flip; rv:48.0) Gecko/48.0 Firefox/48.0 KAIOS/2.5.2",
    "Mozilla/5.0 (BB10; Touch) AppleWebKit/537.10+ (KHTML, like Gecko) Version/10.0.9.2372 Mobile Safari/537.10+",
    "BlackBerry9700/5.0.0.862 Profile/MIDP-2.1 Configuration/CLDC-1.1 VendorID/331",
    "NokiaC3-00/5.0 (08.63) Profile/MIDP-2.1 Configuration/CLDC-1.1 Mozilla/5.0 AppleWebKit/420+ Safari/420+",
    (
        "Mozilla/5.0 (Windows Phone 10.0; Android 6.0.1; Microsoft; Lumia 950) AppleWebKit/537.36 (KHTML, like Gecko) "
        "Chrome/52.0.2743.116 Mobile Safari/537.36 Edge/15.15063"
    ),
    (
        "Mozilla/5.0 (Linux; Android 9; KFMAWI) AppleWebKit/537.36 (KHTML, like Gecko) Silk/120.4.1 "
        "like Chrome/120.0.6099 Safari/537.36"
    ),
    "Mozilla/5.0 (PlayStation 5 3.03/SmartTV) AppleWebKit/605.1.15 (KHTML, like Gecko)",
    "Mozilla/5.0 (SMART-TV; Linux; Tizen 6.0) AppleWebKit/537.36 (KHTML, like Gecko) 76.0.3809/6.0 TV Safari/537.36",
)
IN_APPS = (
    f"{_IOS} Mobile/15E148",
    f"{_IOS} Mobile/15E148 [FBAN/FBIOS;FBAV/520.0.0.38.101;FBBV/756351453;FBDV/iPhone14,5;FBMD/iPhone;FBSN/iOS]",
    f"{_IOS} Mobile/22F76 Instagram 390.0.0.28.85 (iPhone15,2; iOS 18_5; en_US; scale=3.00; 1179x2556; 765313520)",
    f"{_IOS} Mobile/15E148 [Pinterest/iOS]",
    f"{_IOS} Mobile/15E148 Snapchat/13.40.0.42 (like Safari/8621.2.5.10.10, panda)",
    f"{_IOS} Mobile/15E148 MicroMessenger/8.0.59(0x18003b2e) NetType/WIFI Language/en",
    f"{_IOS} Mobile/15E148 musical_ly_40.3.0 JsSdk/2.0 NetType/WIFI Channel/App Store BytedanceWebview/d8a21c6",
    f"{_IOS} Mobile/15E148 [LinkedInApp]/9.31.1036",
    f"{_IOS} Mobile/15E148 Safari Line/15.9.0",
    f"{_WEBVIEW.format('SM-G991B')} Chrome/140.0.7339.51 Mobile Safari/537.36",
    f"{_WEBVIEW.format('Pixel 6')} Chrome/139.0.0.0 Mobile Safari/537.36 [FB_IAB/FB4A;FBAV/525.0.0.53.107;]",
    f"{_WEBVIEW.format('Pixel 6')} Chrome/139.0.0.0 Mobile Safari/537.36 Instagram 391.0.0.43.80 Android (33/13)",
    f"{_WEBVIEW.format('moto g')} Chrome/138.0.7204.179 Mobile Safari/537.36 GSA/16.32.59.sa.arm64",
    f"{_WEBVIEW.format('SM-A127F')} Chrome/138.0.0.0 Mobile Safari/537.36 Viber/25.6.0.0",
    f"{_WEBVIEW.format('M2101K6G')} Chrome/137.0.0.0 Mobile Safari/537.36 MicroMessenger/8.0.58 WeChat/arm64",
    f"{_WINDOWS} Chrome/124.0.6367.243 Electron/30.5.1 Safari/537.36",
    f"{_WINDOWS} Teams/1.7.00.8651 Chrome/102.0.5005.197 Electron/19.1.8 Safari/537.36",
)
MAIL_PROGRAMS = (
    "Microsoft Office/16.0 (Windows NT 10.0; Microsoft Outlook 16.0.17928; Pro)",
    "Mozilla/4.0 (compatible; ms-office; MSOffice 16)",
    "Mozilla/4.0 (compatible; MSIE 7.0; Windows NT 10.0; Win64; x64; Trident/7.0; .NET4.0C; Microsoft Outlook 16.0)",
    "Outlook-iOS/709.2226530.prod.iphone (3.24.1)",
    "Outlook-Android/2.0",
    "Dalvik/2.1.0 (Linux; U; Android 13; SM-A536B Build/TP1A.220624.014)",
    "Mozilla/5.0 (Macintosh; Intel Mac OS X 10_15_7) AppleWebKit/605.1.15 (KHTML, like Gecko) MailMate/2.0",
    "Mozilla/5.0 (X11; Linux x86_64; rv:115.0) Gecko/20100101 Thunderbird/115.12.0",
)
BROWSERS = (*DESKTOP, *PHONES, *IN_APPS)
"""Whatever they are asked for, by a link or in a mail."""
