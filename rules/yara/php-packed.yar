// PHP: code that hides itself. Decoder chains, names put together from pieces, jumps, byte names.
// Licence: Apache-2.0. Written for Lazaret from the techniques, not from samples.

rule php_packed_eval_chain {
    meta:
        description = "Code is unpacked by a chain of decoders and evaluated"
        author = "Lazaret"
        reference = "https://attack.mitre.org/techniques/T1027/"
        attack = "T1027, T1140"
        score = 85
        lazaret_for = "php"
    strings:
        $deflate = /\b(eval|assert)\s*\(\s*(["']\s*\?>\s*["']\s*\.|[@("'?>.\s]|\w{1,30}\s*\(){0,10}(gzinflate|gzuncompress|gzdecode|str_rot13|strrev|convert_uudecode|bzdecompress|hex2bin)\s*\(/ nocase
        $base64 = /\b(eval|assert)\s*\(\s*(["']\s*\?>\s*["']\s*\.|[@("'?>.\s]|\w{1,30}\s*\(){0,10}base64_decode\s*\(\s*["'$]/ nocase
        $url = /\b(eval|assert)\s*\(\s*(["']\s*\?>\s*["']\s*\.|[@("'?>.\s]){0,6}(rawurldecode|urldecode)\s*\(\s*["'](%[0-9a-f]{2}){4}/ nocase
        $pack = /\b(eval|assert)\s*\(\s*(["']\s*\?>\s*["']\s*\.|[@("'?>.\s]){0,6}pack\s*\(\s*["']H/ nocase
        $regex = /preg_replace\s*\(\s*["'].{1,30}e["']\s*,\s*["'](\\x[0-9a-f]{2}|\\[0-7]{3}|e\\x76|\w{1,8}\\x)/ nocase
        $maker = /create_function\s*\(\s*(["']\s*["']|\$\w+|null)\s*,\s*[@(\s]*(base64_decode|gzinflate|str_rot13|gzuncompress|strrev)\s*\(/ nocase
    condition:
        any of them
}

rule php_packed_eval_variable {
    meta:
        description = "A long encoded text and an evaluated variable"
        author = "Lazaret"
        reference = "https://attack.mitre.org/techniques/T1027/"
        attack = "T1027"
        score = 78
        lazaret_for = "php"
    strings:
        $text = /= ?["'][A-Za-z0-9+\/]{400}/
        $given = /(decode|inflate|rot13|strrev|uncompress) ?\( ?["'][A-Za-z0-9+\/]{300}/
        $decode = /(gzinflate|gzuncompress|gzdecode|base64_decode|str_rot13|convert_uudecode|strrev|openssl_decrypt|hex2bin)\s*\(/ nocase
        $eval = /[^\w>:$\\](eval|assert)\s*\(\s*(["']\s*\?>\s*["']\s*\.\s*)?@?(\w{1,20}\s*\(\s*)?\$\{?["'\w\\]{1,40}/ nocase
        $maker = /\$\w{1,20}\s*=\s*create_function\s*\(\s*["']{0,2}\w?\s*\$?\w*["']{0,2}\s*,\s*[^)]{1,40}\)/ nocase
    condition:
        ($text or $given) and $decode and ($eval or $maker)
}

rule php_hidden_function_names {
    meta:
        description = "Names of functions that decode or run code are written backwards, shifted, encoded or as bytes"
        author = "Lazaret"
        reference = "https://attack.mitre.org/techniques/T1027/"
        attack = "T1027"
        score = 86
        lazaret_for = "php"
    strings:
        $r1 = "edoced_46esab" nocase
        $r2 = "etalfnizg" nocase
        $r3 = "sserpmocnuzg" nocase
        $r4 = "noitcnuf_etaerc" nocase
        $r5 = "31tor_rts" nocase
        $r6 = /["'](tressa|metsys|urhtssap|cexe_llehs)["']/ nocase
        $r7 = "TSOP_$" nocase
        $r8 = "(lave" nocase
        $s1 = "onfr64_qrpbqr" nocase
        $s2 = "tmvasyngr" nocase
        $s3 = /["'](nffreg|flfgrz|cnffgueh|furyy_rkrp|riny|rkrp)["']/ nocase
        $s4 = "perngr_shapgvba" nocase
        $h1 = "6261736536345f6465636f6465" nocase
        $h2 = "677a696e666c617465" nocase
        $h3 = "6372656174655f66756e6374696f6e" nocase
        $h4 = "7368656c6c5f65786563" nocase
        $x1 = "\\x62\\x61\\x73\\x65\\x36\\x34" nocase
        $x2 = "\\x65\\x76\\x61\\x6c" nocase
        $x3 = "\\x67\\x7a\\x69\\x6e\\x66\\x6c" nocase
        $x4 = "\\x61\\x73\\x73\\x65\\x72\\x74" nocase
        $x5 = "\\x5f\\x50\\x4f\\x53\\x54" nocase
        $x6 = "\\x63\\x72\\x65\\x61\\x74\\x65\\x5f" nocase
        $x7 = "\\x47\\x4c\\x4f\\x42\\x41\\x4c\\x53" nocase
        $x8 = "\\x73\\x79\\x73\\x74\\x65\\x6d" nocase
        $o1 = "\\142\\141\\163\\145\\66\\64"
        $o2 = "\\142\\141\\163\\145\\066\\064"
        $o3 = "\\145\\166\\141\\154"
        $o4 = "\\141\\163\\163\\145\\162\\164"
        $b1 = "base64_decode" base64
        $b2 = "gzinflate" base64
        $b3 = "create_function" base64
        $b4 = "shell_exec" base64
        $b5 = "$_POST[" base64
        $b6 = "$_REQUEST" base64
        $b7 = "eval(" base64
        $b8 = "passthru" base64
        $b9 = "$_COOKIE" base64
    condition:
        any of ($r*) or any of ($s*) or any of ($h*) or any of ($x*) or any of ($o*) or any of ($b*)
}

rule php_names_from_pieces {
    meta:
        description = "Names of functions that decode or run code are put together from pieces"
        author = "Lazaret"
        reference = "https://attack.mitre.org/techniques/T1027/"
        attack = "T1027"
        score = 82
        lazaret_for = "php"
    strings:
        $xor = /("[^"'\n,; ][^"'\n,;]{0,60}"|'[^"'\n,; ][^"'\n,;]{0,60}')\)?\s?\^\s?\(?("[^"'\n,; ][^"'\n,;]{0,60}"|'[^"'\n,; ][^"'\n,;]{0,60}')/
        $not = /\(?~\(?["'][\x80-\xff]{3,}/
        $index = /\d[\]}]\.\$\w{1,20}[\[{]\d{2}[\]}]\.\$\w{1,20}[\[{]\d{1,3}[\]}]\.\$\w{1,20}[\[{]\d{1,3}[\]}]/
        $table = /(\$GLOBALS\s?[\[{]\s?['"][^'"]{1,40}['"]\s?[\]}]\s?[\[{]\s?\d{1,3}\s?[\]}]\s?\.\s?){3}/
        $letters = /(chr\s?\(\s?(9[5-9]|1[01]\d|12[0-2]|0x6[0-9a-f]|0x7[0-9a])\s?\)\s?\.\s?){4}/ nocase
        $dots1 = /['"]ass['"]\s?\.\s?['"]ert|['"]asse['"]\s?\.\s?['"]rt|['"]a['"]\s?\.\s?['"]s['"]\s?\.\s?['"]s|['"]as['"]\s?\.\s?['"]s/ nocase
        $dots2 = /base['"]\s?\.\s?['"]64|base6['"]\s?\.\s?['"]4|base64_['"]\s?\.\s?['"]d|bas['"]\s?\.\s?['"]e64|base64['"]\s?\.\s?['"]_|base64_de['"]\s?\.\s?['"]code|['"]ba['"]\s?\.\s?['"]se6|['"]b['"]\s?\.\s?['"]a['"]\s?\.\s?['"]s|base64_dec['"]\s?\.\s?['"]ode/ nocase
        $dots3 = /creat['"]\s?\.\s?['"]e_|create_['"]\s?\.\s?['"]f|create['"]\s?\.\s?['"]_fun|create_fun['"]\s?\.\s?['"]c|cre['"]\s?\.\s?['"]ate_/ nocase
        $dots4 = /['"]sys['"]\s?\.\s?['"]tem|['"]syst['"]\s?\.\s?['"]em|['"]s['"]\s?\.\s?['"]y['"]\s?\.\s?['"]s|['"]sy['"]\s?\.\s?['"]st|shell_['"]\s?\.\s?['"]exec|shell['"]\s?\.\s?['"]_exec|pass['"]\s?\.\s?['"]thru|['"]ev['"]\s?\.\s?['"]al/ nocase
        $dots5 = /['"]gz['"]\s?\.\s?['"]inf|gzin['"]\s?\.\s?['"]fl|gzinf['"]\s?\.\s?['"]l|gzi['"]\s?\.\s?['"]nf|str_['"]\s?\.\s?['"]rot|str_rot['"]\s?\.\s?['"]13|gzun['"]\s?\.\s?['"]c/ nocase
        $post = /["']_P['"]\s?\.\s?['"]O|["']_PO['"]\s?\.\s?['"]ST|["']_['"]\s?\.\s?['"]P['"]\s?\.\s?['"]O|["']_['"]\s?\.\s?['"]POST|["']_G['"]\s?\.\s?['"]ET|["']_R['"]\s?\.\s?['"]EQ|["']_RE['"]\s?\.\s?['"]QU/
    condition:
        any of them
}

rule php_replace_decoder {
    meta:
        description = "Filler is taken out of a text again and again to win names and code"
        author = "Lazaret"
        reference = "https://attack.mitre.org/techniques/T1027/"
        attack = "T1027"
        score = 82
        lazaret_for = "php"
    strings:
        $replace = /str_i?replace\s*\(\s*["'][^"'\n]{1,8}["']\s*,\s*(["']{2}|null)\s*,\s*["'][^"'\n]{6,}/ nocase
        $call = /\$\w{1,20}\s*\(\s*(["']{2}|null)\s*,/
        $eval = /\b(eval|assert)\s*\(/ nocase
    condition:
        (#replace >= 2 and ($call or $eval)) or (#replace >= 1 and $call)
}

rule php_replace_decoder_short {
    meta:
        description = "A few lines that take filler out of a text and call the result"
        author = "Lazaret"
        reference = "https://attack.mitre.org/techniques/T1027/"
        attack = "T1027"
        score = 78
        lazaret_for = "php"
    strings:
        $replace = /str_i?replace\s*\(\s*["'][^"'\n]{1,8}["']\s*,\s*(["']{2}|null)\s*,\s*["'][^"'\n]{4,}/ nocase
        $any = /[;=@.({\s]\$\w{1,20}\s*\(\s*@?(\$|["'])/
        $input = /\$\{?_(GET|POST|REQUEST|COOKIE)\b/
    condition:
        filesize < 1KB and $replace and $any and $input
}

rule php_hidden_include {
    meta:
        description = "A file is included under a name written as bytes, encoded, or that of a picture or hidden file"
        author = "Lazaret"
        reference = "https://attack.mitre.org/techniques/T1027/"
        attack = "T1027, T1505.003"
        score = 85
        lazaret_for = "php"
    strings:
        $bytes = /@?\b(include|require)(_once)?[\s(]{0,4}["'][\w\/.]{0,8}\\(x[0-9a-f]{2}|[0-7]{2,3})[^"'\n]{0,200}\\(x[0-9a-f]{2}|[0-7]{2,3})/ nocase
        $coded = /\b(include|require)(_once)?[\s(@]{0,4}(base64_decode|str_rot13|strrev|hex2bin|urldecode|gzinflate|pack)\s*\(\s*["']/ nocase
        $icon = /@(include|require)(_once)?[\s(]{0,4}["'][^"'\n]{0,120}\/\.[0-9a-z]{6,10}\.(ico|jpg|png|gif|css|otc|inc)["']/ nocase
        $picture = /\b(include|require)(_once)?[\s(@]{0,4}["'][^"'\n]{1,120}\.(gif|jpe?g|png|ico|bmp|zip|txt|log|mp3)["']\s*\)?\s*;/ nocase
    condition:
        $bytes or $coded or $icon or ($picture and filesize < 600)
}

rule php_byte_names {
    meta:
        description = "Variables are reached by names written as bytes, or have names made of bytes or look-alike letters"
        author = "Lazaret"
        reference = "https://attack.mitre.org/techniques/T1027/"
        attack = "T1027"
        score = 80
        lazaret_for = "php"
    strings:
        $brace = /\$\{\s*["']\w{0,6}\\(x[0-9a-f]{1,2}|[0-7]{2,3})[^"'\n]{0,120}["']\s*\}/ nocase
        $oh = /\$[O0o]{5,}\b/
        $il = /\$[Il1]{7,}\b/
        $under = /\$_{6,20}[^\w]/
        $raw = /\$[\x80-\xff]{3,}\s?[=\[({]/
        $eval = /\b(eval|assert|create_function|base64_decode|gzinflate|urldecode)\s*\(/ nocase
    condition:
        #brace >= 2 or #oh >= 8 or #il >= 8 or (#raw >= 6 and $eval and filesize < 1KB) or (#under >= 10 and $eval)
}

rule php_jumps {
    meta:
        description = "The order of the code is hidden by jumps between labels, and its texts are written as bytes"
        author = "Lazaret"
        reference = "https://attack.mitre.org/techniques/T1027/"
        attack = "T1027"
        score = 82
        lazaret_for = "php"
    strings:
        $goto = /\bgoto\s+[A-Za-z0-9]{0,6}[a-z0-9][A-Z][A-Za-z0-9_]{0,6};/
        $byte = /\\(x[0-9a-f]{2}|[0-7]{2,3})\\?[^"]{0,2}\\(x[0-9a-f]{2}|[0-7]{2,3})/
        $doc = /@(param|return|package)\s/
    condition:
        #goto >= 12 and #byte >= 4 and not $doc
}

rule php_only_signs {
    meta:
        description = "Code without letters: names are counted up from signs"
        author = "Lazaret"
        reference = "https://attack.mitre.org/techniques/T1027/"
        attack = "T1027"
        score = 85
        lazaret_for = "php"
    strings:
        $inc = /[\$_\]]{1,8}\+\+\s?;/
        $grow = /\$_{1,8}\s?\.=\s?\$_{1,8}\s?;/
        $start = /\$_{1,8}\s?=\s?(\[\]|@"\$_"|\(?["']{2}|\(\s?\[\]\s?\.)/
        $call = /\$\{?\$?_{1,8}\}?\s?(\[[^\]]{0,10}\])?\s?\(/
        $array = /\(\[\]\s?\.\s?(["']{2}|\d)\)/
    condition:
        filesize < 30KB and (
            (#inc >= 12 and ($start or $grow or $call)) or #grow >= 4 or #array >= 3
        )
}

rule php_url_alphabet {
    meta:
        description = "An alphabet of percent signs from which a packed file takes the names of its functions"
        author = "Lazaret"
        reference = "https://attack.mitre.org/techniques/T1027/"
        attack = "T1027"
        score = 88
        lazaret_for = "php"
    strings:
        $alphabet = /urldecode\s*\(\s*["'][^"'\n]{0,20}(%[0-9a-f]{2}[^%"'\n]{0,2}){8}/ nocase
        $index = /[{\[]\d{1,2}[}\]]\.\$\w/
        $eval = /\b(eval|assert)\s*\(/ nocase
    condition:
        $alphabet and (#index >= 3 or $eval)
}

rule php_remote_code {
    meta:
        description = "Code is fetched from another server and run or stored as a script"
        author = "Lazaret"
        reference = "https://attack.mitre.org/techniques/T1105/"
        attack = "T1105"
        score = 80
        lazaret_for = "php"
    strings:
        $eval = /\b(eval|assert)\s*\(\s*(["']\s*\?>\s*["']\s*\.|[@("'?>.\s]|\w{1,30}\s*\(){0,8}(file_get_contents|curl_exec|fopen|file)\s*\(\s*["'](https?:|ftp:|\/\/)/ nocase
        $curl = /\b(eval|assert)\s*\(\s*(["']\s*\?>\s*["']\s*\.\s*)?@?curl_exec\s*\(/ nocase
        $put = /file_put_contents\s*\([^;]{1,80},\s*@?(file_get_contents|base64_decode\s*\(\s*file_get_contents)\s*\(\s*["']https?:\/\/[^"'\n]{4,200}\.(txt|php|jpg|png|gif|ico|zip)["']/ nocase
        $raw = /(raw\.githubusercontent\.com|pastebin\.com\/raw|gist\.githubusercontent\.com|paste\.ee\/r|hastebin|ghostbin|transfer\.sh|\.onion)/ nocase
        $fetch = /(file_get_contents|curl_init|curl_setopt|fopen|fsockopen|stream_get_contents)\s*\(/ nocase
        $run = /[^\w>:$\\](eval|assert)\s*\(\s*(["']\s*\?>\s*["']\s*\.\s*)?\$/ nocase
        $store = /(file_put_contents|fwrite|fputs)\s*\(/ nocase
        $address = /https?:\/\/[\w.-]{4,}/
    condition:
        $eval or $curl or $put or ($raw and $fetch and ($run or $store) and filesize < 8KB) or
        ($fetch and $run and $address and filesize < 2KB)
}

rule php_encoded_bulk {
    meta:
        description = "Mostly one encoded text, with a function that decodes it"
        author = "Lazaret"
        reference = "https://attack.mitre.org/techniques/T1027/"
        attack = "T1027"
        score = 45
        lazaret_for = "php"
    strings:
        $long = /= ?["'][A-Za-z0-9+\/]{400}/
        $given = /(decode|inflate|rot13|strrev|uncompress) ?\( ?["'][A-Za-z0-9+\/]{300}/
        $hex = /(hex2bin\s*\(|pack\s*\(\s*["']H\*?["']\s*,)\s*["'][0-9a-f]{200}/ nocase
        $bytes = /(\\x[0-9a-f]{2}){12}/ nocase
        $octal = /(\\[0-7]{2,3}){12}/
        $decode = /(gzinflate|gzuncompress|gzdecode|base64_decode|str_rot13|convert_uudecode|strrev|hex2bin|pack\s*\(\s*["']H|\beval\s*\(|create_function)/ nocase
    condition:
        filesize < 300KB and $decode and any of ($long, $given, $hex, $bytes, $octal)
}

rule php_xor_decoder {
    meta:
        description = "Texts are deciphered letter by letter with a key, outside of any class"
        author = "Lazaret"
        reference = "https://attack.mitre.org/techniques/T1027/"
        attack = "T1027"
        score = 77
        lazaret_for = "php"
    strings:
        $xor = /[\]})]\s?\^\s?\$\w{1,20}\s?[\[{]/
        $chr = /chr\s?\(\s?ord\s?\([^()]{1,60}\)\s?\^\s?(ord\s?\(|\$|\d|0x)/ nocase
        $for = /for\s?\([^)]{0,80}strlen\s?\(/ nocase
        $run = /(\b(eval|assert|create_function)\s?\(|\\x[0-7][0-9a-f]\\x[0-7][0-9a-f]\\x|\\[01][0-7]{1,2}\\[01][0-7]{1,2}\\|\$_(GET|POST|REQUEST|COOKIE)\b)/ nocase
        $class = /\nnamespace\s+\w|@package\s+\w|\b(class|interface|trait)\s+\w+\s*(extends\s+\w+\s*|implements\s+[\w\\,\s]+)?\{|@param\b/
    condition:
        filesize < 200KB and ($xor or $chr) and $for and $run and not $class
}

rule php_bare_pieces {
    meta:
        description = "The name of the function that is called is put together on the spot"
        author = "Lazaret"
        reference = "https://attack.mitre.org/techniques/T1027/"
        attack = "T1027"
        score = 84
        lazaret_for = "php"
    strings:
        $bare = /\(\s?\(?\s?["']?\w{1,8}["']?\s?\)?(\s?\.\s?\(?\s?["']?\w{1,8}["']?\s?\)?){1,8}\s?\)\s?\(\s?["'@]?\$_?(GET|POST|REQUEST|COOKIE|\w)/
        $bare2 = /\(\s?\(?\w{1,8}\s?\.\s?\(\w{1,8}\)(\s?\.\s?\(?\w{1,8}\)?){0,8}\)\s?\(/
        $bare3 = /[^\w$>'"]\w{1,8}\s?\.\s?["']\w{1,8}["']\s?\(\s?\$_(GET|POST|REQUEST|COOKIE)/
        $array = /\$\w{1,20}\s?\[\s?\d\s?\]\s?\.\s?\$\w{1,20}\s?\[\s?\d\s?\]\s?\.\s?\$\w{1,20}\s?\[\s?\d\s?\](\s?\.\s?\$\w{1,20}\s?\[\s?\d\s?\]){0,12}\s?[,;)]/
        $letters = /(\[|array\s?\()\s*(["']\w{1,3}["']\s*,\s*){2,12}["']\w{1,3}["']\s*[\])]/ nocase
        $join = /(join|implode)\s?\(\s?["']{2}\s?,\s?\$/ nocase
        $explode = /explode\s?\(\s?["']\w{1,3}["']\s?,\s?\$/ nocase
        $call = /(\$\w{1,20}\s?\(\s?["'@]?[$\w]|call_user_func\s?\()/ nocase
        $input = /\$\{?_(GET|POST|REQUEST|COOKIE)\b|filter_input\s?\(\s?INPUT_/
        $spread = /\[\]\s?\.\.\s?\d/
    condition:
        filesize < 4KB and ($bare or $bare2 or $bare3 or ($letters and $call and $input and ($join or $array))
        or ($explode and $array and $call) or $spread)
}

rule php_mixed_escapes {
    meta:
        description = "Names are written as hexadecimal and octal numbers in turn, which no person does"
        author = "Lazaret"
        reference = "https://attack.mitre.org/techniques/T1027/"
        attack = "T1027"
        score = 88
        lazaret_for = "php"
    strings:
        $mixed = /(\\x[2-7][0-9a-f]\\1?[0-7]{2}|\\1[0-7]{2}\\x[2-7][0-9a-f])/ nocase
    condition:
        #mixed >= 4
}

rule php_table_decoder {
    meta:
        description = "A text is deciphered by a table of letters"
        author = "Lazaret"
        reference = "https://attack.mitre.org/techniques/T1027/"
        attack = "T1027"
        score = 80
        lazaret_for = "php"
    strings:
        $table = /isset\s?\(\s?\$\w{1,30}\s?\[\s?\$\w{1,30}\s?[\[{]\s?\$\w{1,30}\s?[\]}]\s?\]\s?\)\s?\?\s?\$\w{1,30}\s?\[\s?\$\w{1,30}\s?[\[{]/ nocase
        $pairs = /(["'][A-Za-z0-9]["']\s?=>\s?["'][A-Za-z0-9+\/]["']\s?,\s?){20}/
        $run = /\b(eval|assert|create_function|base64_decode|gzinflate)\b/ nocase
    condition:
        $run and ($table or $pairs)
}

rule php_index_call {
    meta:
        description = "An entry of an array is called as a function with a request value"
        author = "Lazaret"
        reference = "https://attack.mitre.org/techniques/T1505/003/"
        attack = "T1505.003, T1027"
        score = 76
        lazaret_for = "php"
    strings:
        $call = /\$\w{1,20}\s?(\[[^\]\n]{0,30}\]\s?){1,3}\(\s?@?\$\{?_(POST|GET|REQUEST|COOKIE)\s?\[/
        $braced = /\$\{[^}\n]{1,60}\}\s?(\[[^\]\n]{0,30}\])?\s?\(\s?@?\$\{?["']?_?/
        $class = /\nnamespace\s+\w|@package\s+\w/
    condition:
        filesize < 8KB and not $class and ($call or $braced)
}
