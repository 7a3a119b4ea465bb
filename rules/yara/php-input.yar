// PHP: what a request brings reaches code, a command or an include.
// Licence: Apache-2.0. Written for Lazaret from the techniques, not from samples.

rule php_input_eval {
    meta:
        description = "A request value is evaluated as PHP code"
        author = "Lazaret"
        reference = "https://attack.mitre.org/techniques/T1505/003/"
        attack = "T1505.003"
        score = 90
        lazaret_for = "php"
    strings:
        $a = /\b(eval|assert)\s*\((\s|[@("'.$?>;]|\w{1,30}\s*\(|\/\*[^*]{0,60}\*\/){0,12}\$\{?\s*["']?_(GET|POST|REQUEST|COOKIE|SERVER|FILES|SESSION)\b/ nocase
        $b = /\b(eval|assert)\s*\((\s|[@("'.$?>;]|\w{1,30}\s*\(){0,12}\$HTTP_(GET|POST|COOKIE|SERVER)_VARS/ nocase
        $c = /\b(eval|assert)\s*\((\s|[@("'.?>;]|\w{1,30}\s*\(){0,10}(file_get_contents|getenv|getallheaders|apache_request_headers|filter_input)\s*\((\s|["'])*(php:\/\/input|HTTP_|INPUT_|\))/ nocase
        $d = /\b(eval|assert)\s*\((\s|[@("'.?>;]|\w{1,30}\s*\(){0,10}\$GLOBALS\s*\[\s*['"]_(GET|POST|REQUEST|COOKIE)/ nocase
    condition:
        any of them
}

rule php_input_command {
    meta:
        description = "A request value is run as a command of the operating system"
        author = "Lazaret"
        reference = "https://attack.mitre.org/techniques/T1505/003/"
        attack = "T1505.003"
        score = 85
        lazaret_for = "php"
    strings:
        $a = /[^\w>:$\\](system|shell_exec|exec|passthru|popen|proc_open|pcntl_exec|expect_popen)\s*\((\s|[@("'.]|\w{1,30}\s*\(){0,8}\$\{?_(GET|POST|REQUEST|COOKIE|SERVER\s*\[\s*['"]HTTP_)/ nocase
        $b = /(echo|print|[=(@;.?]|return)\s*`[^`\n]{0,80}\$\{?_(GET|POST|REQUEST|COOKIE)\b[^`\n]{0,80}`/
        $c = /[^\w>:$\\](system|shell_exec|exec|passthru|popen)\s*\(\s*(base64_decode|stripslashes|urldecode|trim|hex2bin)\s*\([^;]{0,20}\$_(GET|POST|REQUEST|COOKIE|SERVER)\b/ nocase
    condition:
        any of them
}

rule php_input_names_function {
    meta:
        description = "A request value names the function that is called"
        author = "Lazaret"
        reference = "https://attack.mitre.org/techniques/T1505/003/"
        attack = "T1505.003"
        score = 88
        lazaret_for = "php"
    strings:
        $a = /\$\{?_(GET|POST|REQUEST|COOKIE)\}?\s*(\[[^\]\n]{0,40}\]|\{[^}\n]{0,40}\})\s*\(/
        $b = /\$\{\s*["']?_["'.\s]*(GET|POST|REQUEST|COOKIE)["'\s]*\}\s*[\[{][^\]}\n]{0,40}[\]}]\s*\(/
        $c = /\(\s*\$_(GET|POST|REQUEST|COOKIE)\s*\[[^\]\n]{0,40}\]\s*\)\s*\(\s*[@$"'\\]/
        $d = /new\s+Reflection(Function|Method)\s*\(\s*@?\$_(GET|POST|REQUEST|COOKIE)/ nocase
    condition:
        any of them
}

rule php_input_callback {
    meta:
        description = "A request value, or a function that runs code, is handed over as a callback"
        author = "Lazaret"
        reference = "https://attack.mitre.org/techniques/T1505/003/"
        attack = "T1505.003"
        score = 85
        lazaret_for = "php"
    strings:
        $first = /(array_map|call_user_func(_array)?|register_shutdown_function|register_tick_function|create_function|ob_start|forward_static_call(_array)?|set_error_handler|spl_autoload_register|header_register_callback|iterator_apply)\s*\(\s*[@("']*(\w{1,20}\s*\(\s*)?\$\{?_(GET|POST|REQUEST|COOKIE)\b/ nocase
        $later = /(array_filter|array_walk(_recursive)?|array_reduce|usort|uasort|uksort|array_udiff|array_uintersect|array_diff_ukey|filter_var)\s*\([^;()]{1,80},\s*@?(base64_decode\s*\(\s*)?\$_(GET|POST|REQUEST|COOKIE)\s*\[[^\]\n]{0,40}\]\s*\)/ nocase
        $named = /(array_map|array_filter|array_walk(_recursive)?|array_reduce|call_user_func(_array)?|usort|uasort|uksort|array_udiff|array_uintersect|array_diff_ukey|register_shutdown_function|register_tick_function|preg_replace_callback|forward_static_call(_array)?|iterator_apply|ob_start|filter_var(_array)?|ReflectionFunction)\s*\([^;]{0,120}["']\\?(assert|system|passthru|shell_exec|popen|exec|eval)["']/ nocase
        $input = /\$\{?_(GET|POST|REQUEST|COOKIE|SERVER)\b|php:\/\/input/
        $create = /create_function\s*\([^;]{0,120}\$_(GET|POST|REQUEST|COOKIE)\b/ nocase
        $made = /create_function\s*\(\s*["']{2}\s*,\s*\$\w{1,20}\s*\)/ nocase
        $kept = /\$\w{1,20}\s*=\s*["'](assert|system|passthru|shell_exec|popen|exec|eval|create_function)["']\s*;/ nocase
        $mirror = /new\s+\\?ReflectionFunction\s?\(\s?["'](system|passthru|shell_exec|exec|popen|assert|proc_open)["']\s?\)/ nocase
        $bare = /(call_user_func(_array)?|array_map|array_filter|register_shutdown_function)\s*\(\s*["'@]?(assert|system|passthru|shell_exec|eval|exec)["']?\s*,/ nocase
        $bytes = /(call_user_func(_array)?|array_map|array_filter|array_walk|usort|uasort|uksort|register_shutdown_function|preg_replace_callback)\s*\([^;]{0,60}"[a-z_0-9]{0,12}\\x[67][0-9a-f][^"\n]{0,40}"/ nocase
        $taken = /\$\w{1,20}\s?=\s?@?(base64_decode\s?\(\s?)?\$_(GET|POST|REQUEST|COOKIE)\s?\[/
        $handed = /(usort|uasort|uksort|array_filter|array_walk|array_reduce|array_udiff|array_uintersect|register_tick_function|register_shutdown_function|ob_start|array_map|mb_ereg_replace_callback)\s*\(([^;()]{0,60},)?\s*(base64_decode\s?\(\s?)?\$\w{1,20}\s*[,)]/ nocase
        $process = /[^\w>:$\\]pcntl_exec\s*\(/ nocase
    condition:
        $first or $later or $create or $mirror or ($named and $input and filesize < 20KB)
        or (filesize < 3KB and $input and ($made or $kept or $process or $bare or $bytes))
        or (filesize < 800 and $taken and $handed)
}

rule php_input_preg_e {
    meta:
        description = "A regular expression with the modifier e evaluates what a request brings"
        author = "Lazaret"
        reference = "https://attack.mitre.org/techniques/T1505/003/"
        attack = "T1505.003"
        score = 88
        lazaret_for = "php"
    strings:
        $a = /(preg_replace|preg_filter|mb_eregi?_replace)\s*\(\s*["'][\/#~|@!][^"'\n]{0,60}[\/#~|@!][imsxADSUXu]{0,6}e[imsxADSUXu]{0,6}["']\s*,[\s"'@.(]{0,6}(\w{1,20}\s*\(\s*)?\$_(GET|POST|REQUEST|COOKIE)\b/ nocase
        $b = /(preg_replace|preg_filter|mb_eregi?_replace)\s*\(\s*@?\$_(GET|POST|REQUEST|COOKIE)\b/ nocase
        $c = /(preg_replace|preg_filter)\s*\(\s*["'][\/#~|@!][^"'\n]{0,60}[\/#~|@!][imsxADSUXu]{0,6}e[imsxADSUXu]{0,6}["']\s*,\s*["'](\\x[0-9a-f]{2}|@?eval|@?assert|.{0,20}base64_decode)/ nocase
        $d = /mb_eregi?_replace\s*\([^;]{1,120},\s*["']e["']\s*\)/ nocase
    condition:
        any of them
}

rule php_input_include {
    meta:
        description = "A request or an uploaded file is included as PHP code"
        author = "Lazaret"
        reference = "https://attack.mitre.org/techniques/T1505/003/"
        attack = "T1505.003"
        score = 82
        lazaret_for = "php"
    strings:
        $stream = /\b(include|require)(_once)?\b[\s(@"']{0,6}(php:\/\/input|php:\/\/filter\/[^"']{0,60}base64-decode|zip:\/\/|expect:\/\/)/ nocase
        $file = /\b(include|require)(_once)?\b[\s(@]{0,6}\$_FILES\b/ nocase
        $data = /\b(include|require)(_once)?\b[\s(@"']{0,6}data:(text|\/\/|;|,|application)/ nocase
        $class = /\nnamespace\s+\w/
        $bare = /[;{}?p\n]\s*@?(include|require)(_once)?[\s(@]{0,6}\$_(GET|POST|REQUEST|COOKIE)\s*\[[^\]\n]{0,30}\]\s*\)?\s*;/ nocase
        $remote = /\b(include|require)(_once)?\b[\s(@]{0,6}["'](https?|ftp):\/\/[^"'\n]{4,200}["']/ nocase
    condition:
        $stream or $file or ($data and not $class) or ($bare and filesize < 3KB) or ($remote and filesize < 3KB)
}

rule php_input_writes_file {
    meta:
        description = "A request says which file is written and with what"
        author = "Lazaret"
        reference = "https://attack.mitre.org/techniques/T1105/"
        attack = "T1105"
        score = 80
        lazaret_for = "php"
    strings:
        $put = /file_put_contents\s*\([\s@("'.]{0,6}(\w{1,20}\s*\(\s*)?\$_(GET|POST|REQUEST|COOKIE|SERVER)\b[^;]{0,60},[^;]{0,60}\$_(GET|POST|REQUEST|COOKIE)\b/ nocase
        $write = /(fwrite|fputs)\s*\(\s*fopen\s*\([^;]{0,100},\s*[^;]{0,60}\$_(GET|POST|REQUEST|COOKIE)\b/ nocase
        $fetch = /(file_put_contents|copy)\s*\(\s*\$_(GET|POST|REQUEST)\s*\[[^\]\n]{0,30}\]\s*,\s*(file_get_contents\s*\(\s*)?\$_(GET|POST|REQUEST)/ nocase
    condition:
        any of them
}

rule php_upload_page {
    meta:
        description = "A page of a few lines that stores any upload under the name it came with"
        author = "Lazaret"
        reference = "https://attack.mitre.org/techniques/T1105/"
        attack = "T1105"
        score = 76
        lazaret_for = "php"
    strings:
        $named = /(copy|move_uploaded_file)\s*\(\s*\$_FILES\s*\[[^\]\n]{1,30}\]\s*\[\s*['"]?tmp_name['"]?\s*\]\s*,\s*[^;]{0,60}\$_FILES\s*\[[^\]\n]{1,30}\]\s*\[\s*['"]?name/ nocase
        $move = /@?(copy|move_uploaded_file)\s*\(/ nocase
        $files = "$_FILES"
        $form = "multipart/form-data" nocase
        $echo = /(echo|print|die\s*\()/ nocase
        $class = /(\bclass\s+\w|\bnamespace\s+\w|\bfunction\s+\w{1,40}\s*\(|\b(require|include)(_once)?\b|->\w|session_start|mysqli?_|\bmime|image\/|getimagesize|pathinfo|in_array|strpos)/ nocase
    condition:
        filesize < 4KB and ($named or ($move and $files)) and $form and $echo and not $class
}

rule php_input_variable_call {
    meta:
        description = "A variable filled from a request is called as a function or evaluated a few lines later"
        author = "Lazaret"
        reference = "https://attack.mitre.org/techniques/T1505/003/"
        attack = "T1505.003"
        score = 78
        lazaret_for = "php"
    strings:
        $eval = /\$\w{1,20}\s*=\s*[@("'.\s]*(\w{1,20}\s*\(\s*){0,3}@?\$_(GET|POST|REQUEST|COOKIE)\s*\[[^\]\n]{0,40}\][^;\n]{0,40};[^\n]{0,80}\s{0,20}[^\n]{0,40}[^\w>:$](eval|assert|system|shell_exec|passthru|popen|exec)\s*\(\s*["'@]{0,3}(\w{1,20}\s*\(\s*)?\$\w{1,20}\b/ nocase
        $call = /\$\w{1,20}\s*=\s*@?(\w{1,20}\s*\(\s*)?\$_(GET|POST|REQUEST|COOKIE)\s*\[[^\]\n]{0,40}\]\)?;\s{0,20}([^\n;]{0,60};\s{0,10}){0,2}@?\$\w{1,20}\s*\(\s*@?(\$\w{1,20}|\$_(GET|POST|REQUEST|COOKIE)[^)]{0,40})\s*\)\s*;/
        $call2 = /[;{}\s@]\$\w{1,20}\s*\(\s*@?(base64_decode\s*\(\s*)?\$_(GET|POST|REQUEST|COOKIE)\s*\[[^\]\n]{0,40}\]\s*\)?\s*\)\s*;/
    condition:
        filesize < 6KB and any of them
}

rule php_cipher_stream {
    meta:
        description = "An encrypted request body is deciphered and run: the shape of remote control clients"
        author = "Lazaret"
        reference = "https://attack.mitre.org/techniques/T1505/003/"
        attack = "T1505.003, T1573.001"
        score = 88
        lazaret_for = "php"
    strings:
        $input = "php://input" nocase
        $post = /\$_(POST|REQUEST|COOKIE|SERVER)\s*\[/
        $aes = /openssl_decrypt\s*\(\s*\$\w+\s*,\s*["']?AES/ nocase
        $xor = /\]\s?\^\s?\$\w/
        $keyed = /\+\s?1\s?\)?\s?&\s?15\s?\]/
        $run = /\b(eval|assert)\s*\(/ nocase
        $session = /\$_SESSION\s*\[/
        $invoke = "__invoke"
    condition:
        filesize < 8KB and $run and (
            ($input and ($aes or $keyed)) or ($keyed and $post)
            or ($input and $xor and ($session or $invoke))
        )
}

rule php_reaches_around_limits {
    meta:
        description = "Commands are run around disabled functions: preloaded library, FFI, COM, mail or debugger tricks"
        author = "Lazaret"
        reference = "https://attack.mitre.org/techniques/T1574/006/"
        attack = "T1574.006, T1059"
        score = 82
        lazaret_for = "php"
    strings:
        $preload = /putenv\s*\(\s*["']LD_PRELOAD=/ nocase
        $ffi = /FFI::cdef\s*\(\s*["'][^"']{0,60}\b(system|popen|execve?|php_exec)\s*\(/ nocase
        $com = /new\s+COM\s*\(\s*["'](WScript\.Shell|Shell\.Application)["']/ nocase
        $shock = /putenv\s*\(\s*["'][^"']{0,30}\(\)\s*\{\s*(x|:)/ nocase
        $exec = /->\s*(exec|run|ShellExecute)\s*\(/ nocase
        $cmd = /\$_(GET|POST|REQUEST|COOKIE)\b/
        $elf = /["'](\\x7f|\\177)ELF/
    condition:
        ($preload and $cmd) or $ffi or $shock or ($com and $exec and $cmd) or ($elf and $cmd and filesize < 60KB)
}

rule php_input_code_word {
    meta:
        description = "A short page uses request values and functions that run code or commands"
        author = "Lazaret"
        reference = "https://attack.mitre.org/techniques/T1505/003/"
        attack = "T1505.003"
        score = 40
        lazaret_for = "php"
    strings:
        $input = /\$\{?_(GET|POST|REQUEST|COOKIE|FILES|SERVER\s*\[\s*["']HTTP_)|php:\/\/input|getallheaders\s*\(|HTTP_(GET|POST)_VARS/
        $run = /[^\w>:$\\](eval|assert|system|shell_exec|passthru|popen|proc_open|pcntl_exec|exec)\s*\(\s*["'@(]*\$/ nocase
        $make = /\b(create_function|call_user_func|ReflectionFunction)\b/ nocase
    condition:
        filesize < 12KB and $input and ($run or $make)
}
