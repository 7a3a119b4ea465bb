// What pages of every language share: cloaked spam, beacons, keys of remote control clients.
// Licence: Apache-2.0. Written for Lazaret from the techniques, not from samples.

rule page_client_key {
    meta:
        description = "The default key of a remote control client: the first half of the MD5 of a usual password"
        author = "Lazaret"
        reference = "https://attack.mitre.org/techniques/T1505/003/"
        attack = "T1505.003, T1573.001"
        score = 92
        lazaret_for = "web"
    strings:
        $rebeyond = "e45e329feb5d925b" nocase
        $key = "3c6e0b8a9c15224a" nocase
        $run = /(eval|assert|session|defineClass|Assembly|ExecuteGlobal|base64)/ nocase
    condition:
        ($rebeyond or $key) and $run
}

rule page_hidden_links {
    meta:
        description = "Links to other sites moved out of sight: spam for search engines"
        author = "Lazaret"
        reference = "https://attack.mitre.org/techniques/T1608/006/"
        attack = "T1608.006"
        score = 50
        lazaret_for = "web"
    strings:
        $away = /position\s?:\s?absolute\s?;\s?(top|left)\s?:\s?-\d{3,5}px\s?;\s?(top|left)\s?:\s?-\d{3,5}px/ nocase
        $id = /getElementById\s?\(\s?["']\w{1,20}["']\s?\)\.style\.display\s?=\s?["']none["']\s?;?\s{0,4}<\/script>\s{0,8}<div id/ nocase
        $far = /margin-(right|left)\s?:\s?-\d{5,}px/
        $frame = /<iframe[^>]{0,80}(visibility\s?:\s?hidden|display\s?:\s?none|width=["']?[01]["'\s])[^>]{0,120}src=["']http/ nocase
        $link = /<a\s[^>]{0,20}href=["']https?:\/\// nocase
    condition:
        ($away or $id or $far) and #link >= 2 or $frame
}

rule search_engine_redirect {
    meta:
        description = "Visitors from search engines are sent to another site: cloaked spam"
        author = "Lazaret"
        reference = "https://attack.mitre.org/techniques/T1608/006/"
        attack = "T1608.006"
        score = 76
        lazaret_for = "web, markup, javascript"
        lazaret_needs = "document.referrer"
        lazaret_and = "location"
        lazaret_and = "http://|https://"
        lazaret_below = 204800
    strings:
        $refer = /\w{1,20}\s?=\s?document\.referrer/
        $engine = /\.indexOf\s?\(\s?["'](google|baidu|yahoo|bing|sogou|soso|so\.com|360|naver|haosou)["'.)]/ nocase
        $go = /(window\.)?(location(\.href)?|top\.location(\.href)?)\s?=\s?["']https?:\/\/[^"']{4,120}["']/
    condition:
        $refer and #engine >= 2 and $go and filesize < 200KB
}

rule page_beacon {
    meta:
        description = "Tells a server known by its number where it stands each time the page is shown"
        author = "Lazaret"
        reference = "https://attack.mitre.org/techniques/T1071/001/"
        attack = "T1071.001"
        score = 78
        lazaret_for = "web, markup, javascript"
        lazaret_needs = "encodeURIComponent"
        lazaret_and = "\"GET\"|'GET'"
        lazaret_and = "document.location|window.location"
        lazaret_and = "http://|https://"
    strings:
        $script = /\.open\s?\(\s?["']GET["']\s?,\s?["']https?:\/\/\d{1,3}\.\d{1,3}\.\d{1,3}\.\d{1,3}[^"'\n]{0,60}\?\w{1,8}=["']\s?\+\s?encodeURIComponent\s?\(\s?(document|window)\.location/
    condition:
        $script
}

rule page_for_search_engines {
    meta:
        description = "Shows search engines, or visitors that come from them, another page"
        author = "Lazaret"
        reference = "https://attack.mitre.org/techniques/T1608/006/"
        attack = "T1608.006"
        score = 77
        lazaret_for = "asp, aspx, jsp"
    strings:
        $from = /(HTTP_REFERER|HTTP_USER_AGENT|UrlReferrer|Request\.UserAgent|getHeader\s?\(\s?["'](user-agent|referer)["'])/ nocase
        $engine = /["'|.(](baidu|google|sogou|soso|haosou|360|yisou|so\.com|googlebot|baiduspider|spider|youdao|bing|yahoo)[\w.]{0,8}["'|)]/ nocase
        $fetch = /(XMLHTTP|HttpWebRequest|WebClient|DownloadString|WinHttpRequest|new\s+(java\.net\.)?URL\s?\(|openStream|openConnection)/ nocase
        $go = /(response\.redirect|location(\.href)?\s?=|sendRedirect|<script[^>]{0,40}src=|Server\.Transfer|<meta[^>]{0,20}refresh)/ nocase
        $write = /(response\.write|out\.print|Response\.BinaryWrite)/ nocase
        $page = /<%|runat\s?=\s?["']?server/ nocase
    condition:
        filesize < 20KB and $page and $from and #engine >= 2 and (($fetch and $write) or $go)
}
