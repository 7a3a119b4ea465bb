// PHP: tools that are left behind. Command consoles, file managers with commands, mass mailers,
// doorway pages, known tools by their names.
// Licence: Apache-2.0. Written for Lazaret from the techniques, not from samples.

rule php_command_page {
    meta:
        description = "A short page that takes a command from a request and runs it by whatever function is allowed"
        author = "Lazaret"
        reference = "https://attack.mitre.org/techniques/T1505/003/"
        attack = "T1505.003, T1059"
        score = 80
        lazaret_for = "php"
    strings:
        $taken = /\$\w{1,20}\s*=\s*@?(trim\s*\(|stripslashes\s*\(|base64_decode\s*\(|urldecode\s*\(|\(string\)\s*)?\s*\$_(GET|POST|REQUEST|COOKIE)\s*\[\s*["']?(c|cm|cmd|cmdline|command|com|comando|exec|exe|execute|e|shell|code|phpcode|evalcode|eval|x|run|komut|query)["']?\s*\]/ nocase
        $handed = /\(\s*\$_(GET|POST|REQUEST|COOKIE)\s*\[\s*["']?(c|cm|cmd|cmdline|command|exec|execute|shell|code|evalcode|eval|run)["']?\s*\]\s*\)/ nocase
        $run = /[^\w>:$\\](system|shell_exec|exec|passthru|popen|proc_open|eval|assert|pcntl_exec)\s?\(\s*["']?[@(]{0,2}(stripslashes\s*\(\s*|trim\s*\(\s*)?\$\w/ nocase
        $tick = /[=(\s]`\s?\$\w{1,20}\s?(2>&1)?\s?`/
    condition:
        filesize < 8KB and ($taken or $handed) and ($run or $tick)
}

rule php_many_ways_to_run {
    meta:
        description = "A function that tries one way after another to run a command"
        author = "Lazaret"
        reference = "https://attack.mitre.org/techniques/T1059/"
        attack = "T1059, T1505.003"
        score = 80
        lazaret_for = "php"
    strings:
        $has = /(function_exists|is_callable)\s?\(\s?["'](exec|shell_exec|system|passthru|popen|proc_open)["']\s?\)/ nocase
        $run1 = /[^\w>:$\\]exec\s?\(\s?\$/ nocase
        $run2 = /[^\w>:$\\]shell_exec\s?\(\s?\$/ nocase
        $run3 = /[^\w>:$\\]system\s?\(\s?\$/ nocase
        $run4 = /[^\w>:$\\]passthru\s?\(\s?\$/ nocase
        $run5 = /[^\w>:$\\]popen\s?\(\s?\$/ nocase
        $run6 = /[^\w>:$\\]proc_open\s?\(\s?\$/ nocase
        $buffer = "ob_get_contents" nocase
        $class = /\nnamespace\s+\w/
    condition:
        not $class and ((#has >= 3 and 3 of ($run*)) or (4 of ($run*) and $buffer))
}

rule php_server_console {
    meta:
        description = "One page shows the server, walks its files, changes them and runs commands"
        author = "Lazaret"
        reference = "https://attack.mitre.org/techniques/T1505/003/"
        attack = "T1505.003, T1082, T1083"
        score = 80
        lazaret_for = "php"
    strings:
        $a1 = "safe_mode" nocase
        $a2 = "disable_functions" nocase
        $a3 = /php_uname\s?\(/ nocase
        $a4 = "posix_getpwuid" nocase
        $a5 = /(disk_free_space|disk_total_space|diskfreespace)\s?\(/ nocase
        $a6 = "/etc/passwd"
        $a7 = /(back|bind|reverse)[ _-]?(connect|shell|port|door)/ nocase
        $a8 = /(fileperms|is_writable|is_writeable)\s?\(/ nocase
        $a9 = /[^\w>:$\\](system|shell_exec|passthru|popen|proc_open|exec)\s?\(\s?["'(@]{0,2}\$/ nocase
        $a10 = /[^\w>:$\\]eval\s?\(\s?["'(@?>.\s]{0,6}(stripslashes\s?\()?\$/ nocase
        $a11 = "move_uploaded_file" nocase
        $a12 = /(symlink|chmod|rename|unlink|rmdir)\s?\(\s?\$/ nocase
        $a13 = /(set_magic_quotes_runtime|get_magic_quotes_gpc|open_basedir)/ nocase
        $a14 = /(ignore_user_abort|set_time_limit)\s?\(\s?(0|1|true)/ nocase
        $a15 = /(web ?shell|hacked|hacker|h4ck|defac|backdoor|0day|priv8|exploit|rootkit|r00t|bruteforce|brute force)/ nocase
        $a16 = /(SERVER_SOFTWARE|gethostbyname|SERVER_ADDR)/
        $a19 = /(mysql_connect|pg_connect|mssql_connect|mysqli_connect)\s?\(/ nocase
        $a20 = /(uname -a|\bwhoami\b|\bnetstat\b|ps aux|find \/|cat \/etc|\bwget\b|\bgcc\b|\/bin\/sh|cmd\.exe)/
        $input = /\$_(GET|POST|REQUEST|COOKIE)\b|HTTP_(GET|POST)_VARS/
        $class = /\nnamespace\s+\w|@package\s+\w/
    condition:
        $input and not $class and ($a9 or $a10) and 11 of ($a*)
}

rule php_server_console_traits {
    meta:
        description = "Some traits of a page that shows the server, walks its files and runs commands"
        author = "Lazaret"
        reference = "https://attack.mitre.org/techniques/T1505/003/"
        attack = "T1505.003"
        score = 45
        lazaret_for = "php"
    strings:
        $a1 = "safe_mode" nocase
        $a2 = "disable_functions" nocase
        $a3 = /php_uname\s?\(/ nocase
        $a4 = "posix_getpwuid" nocase
        $a5 = /(disk_free_space|disk_total_space|diskfreespace)\s?\(/ nocase
        $a6 = "/etc/passwd"
        $a7 = /(back|bind|reverse)[ _-]?(connect|shell|door)/ nocase
        $a8 = /(fileperms|is_writable|is_writeable)\s?\(/ nocase
        $a9 = /[^\w>:$\\](system|shell_exec|passthru|popen|proc_open|exec)\s?\(/ nocase
        $a10 = /[^\w>:$\\]eval\s?\(/ nocase
        $a11 = "move_uploaded_file" nocase
        $a12 = /(symlink|chmod|rename|unlink|rmdir)\s?\(\s?\$/ nocase
        $a14 = /(ignore_user_abort|set_time_limit)\s?\(\s?(0|1|true)/ nocase
        $a15 = /(web ?shell|hacked|hacker|h4ck|defac|backdoor|0day|priv8|exploit|r00t)/ nocase
        $a16 = "SERVER_SOFTWARE"
        $a20 = /(uname -a|\bwhoami\b|\bnetstat\b|ps aux|cat \/etc|\/bin\/sh|cmd\.exe)/
        $a21 = /error_reporting\s?\(\s?0\s?\)/ nocase
        $a22 = /@(chmod|unlink|rename|copy|fopen|mkdir|rmdir)\s?\(/ nocase
        $input = /\$_(GET|POST|REQUEST|COOKIE|FILES)\b|HTTP_(GET|POST)_VARS/
        $class = /\nnamespace\s+\w|@package\s+\w/
    condition:
        $input and not $class and 7 of ($a*)
}

rule php_file_manager {
    meta:
        description = "A page of one file that lists, edits, uploads and deletes files under names from a request"
        author = "Lazaret"
        reference = "https://attack.mitre.org/techniques/T1083/"
        attack = "T1083, T1105"
        score = 50
        lazaret_for = "php"
    strings:
        $list = /(opendir|scandir|glob|readdir)\s?\(/ nocase
        $perms = /(fileperms|chmod)\s?\(/ nocase
        $upload = /(move_uploaded_file|copy)\s?\(\s?\$_FILES/ nocase
        $write = /(fwrite|fputs|file_put_contents)\s?\(/ nocase
        $delete = /(unlink|rmdir)\s?\(/ nocase
        $name = /\$_(GET|POST|REQUEST)\s?\[\s?["']?(dir|path|file|d|f|p|filename|folder|cwd|c)["']?\s?\]/ nocase
        $edit = /<textarea/ nocase
        $class = /\nnamespace\s+\w|@package\s+\w|\b(require|include)(_once)?\s*\(?\s*(["'$]|dirname|__DIR__)/
    condition:
        not $class and $list and $name and $edit and 3 of ($perms, $upload, $write, $delete)
}

rule php_known_tool {
    meta:
        description = "Names itself as one of the tools that intruders leave on web servers"
        author = "Lazaret"
        reference = "https://attack.mitre.org/techniques/T1505/003/"
        attack = "T1505.003"
        score = 85
        lazaret_for = "php"
    strings:
        $t1 = /\bc99(shell|madshell|sh_|ftp)/ nocase
        $t2 = /\br57(shell|_)/ nocase
        $t3 = "b374k" nocase
        $t4 = "FilesMan"
        $t5 = /\bWSO (\d|shell)|\bwso_version|WSOsetcookie/ nocase
        $t6 = /IndoXploit|IndoSec|IndonesianPeople/ nocase
        $t7 = "p0wny" nocase
        $t8 = /ALFA[ _-]?(TEaM|DATA|SHELL)|AlfaTeam|solevisible/ nocase
        $t9 = /(Mini|Sym|Madspot|Locus7s|NIX REMOTE|NTDaddy|PHPJackal|PHPSpy|PhpSpy|KingDefacer|Dx|GFS|CrystalShell|Ani-?Shell|Ajax\/PHP Command|SimAttacker|STNC|Worse Linux|Zaco|Loaderz|iMHaBiRLiGi|Safe0ver|Cyber|Sosyete|Antichat|Predator|MyShell|NFM|g00nshell|Liz0ziM|MulCiShell|Fx29|FaTaLSheLL|Storm7|Sincap|Kral|Saudi ?Sh3ll|Small|Tryag|Uploader By|K2ll33d|Gel4y|Marijuana|Hunter Neel|0byt3m1n1|AnonymousFox|Priv8|Con7ext|Garuda|Galerz|XNONYMOUX)[ _-]?(Shell|Sh3ll|Web ?Shell|Backdoor|Mini Shell)/ nocase
        $t10 = /\b(web ?shell|webshell|web ?sh3ll|php ?shell|php backdoor|mini shell|minishell|sh3ll|shell backdoor|bypass shell|shell bypass|private shell|mass defac\w*|deface page|uploader shell|shell uploader)\b/ nocase
        $t11 = /(h4ck|hack)(ed|er)? (by|team)|hacked by|owned by|defaced by|coded by|recoded by|c0d3d|greetz?( to)?:|gr33tz/ nocase
        $t12 = /(Back-?Connect|bind_port_to_sh|bind shell|bd port|reverse shell|connect-?back)/ nocase
        $t13 = /(symlink|jumping|cpanel|config)[ _-]?(grab|brute|crack|bypass|jump|server)|cp-?crack/ nocase
        $t14 = "AntSword" nocase
        $t15 = /(safe[ _-]?mode|open_basedir|disable_functions?)[ _-]?(bypass|bpass|by-pass)|bypass[ _](safe[ _-]?mode|disable|open_basedir)/ nocase
        $code = /(\$_(GET|POST|REQUEST|COOKIE|FILES|SERVER)\b|HTTP_(GET|POST)_VARS|\beval\s?\(|base64_decode|gzinflate)/ nocase
    condition:
        $code and (any of ($t1, $t2, $t3, $t4, $t5, $t6, $t7, $t8, $t9, $t14) or 2 of ($t*))
}

rule php_mass_mailer {
    meta:
        description = "Sends one text to a list of addresses that a form brings"
        author = "Lazaret"
        reference = "https://attack.mitre.org/techniques/T1566/"
        attack = "T1566"
        score = 76
        lazaret_for = "php"
    strings:
        $mail = /[^\w>:$\\]mail\s?\(\s?\$\w{1,30}/ nocase
        $list = /(explode|split)\s?\(\s?["'](\\r)?\\n["']\s?,\s?\$\w{1,30}\s?\)/ nocase
        $lists = /name\s?=\s?\\?["']?(emaillist|email_list|emails|mails|maillist|emailz|lista|listamail|to|recipients|destinos?)\b/ nocase
        $area = /<textarea/ nocase
        $from = /\$_(POST|REQUEST)\s?\[\s?["']?(from|realname|nome|de|remetente|fromname|sender|replyto|reply|name|remet|mailfrom|senderName)["']?\s?\]/ nocase
        $header = /(X-Mailer|X-Priority|Content-Transfer|MIME-Version|From:)/
        $loop = /(while|for|foreach)\s?\(/ nocase
        $set = /\b(set_time_limit|ini_set)\s?\(/ nocase
        $words = /(mailer|spammer|inbox|enviado|sending|spam|priv8|mass mail)/ nocase
        $class = /\nnamespace\s+\w|@package\s+\w|\bclass\s+\w+\s*(extends\s+\w+\s*)?\{|\b(require|include)(_once)?\b/
    condition:
        filesize < 60KB and $mail and $list and $area and $header and $loop and $from
        and 1 of ($lists, $words, $set) and not $class
}

rule php_doorway {
    meta:
        description = "Shows search engines or their visitors another page, taken from another server"
        author = "Lazaret"
        reference = "https://attack.mitre.org/techniques/T1608/006/"
        attack = "T1608.006"
        score = 76
        lazaret_for = "php"
    strings:
        $bot = /(googlebot|baiduspider|bingbot|yandexbot|sogou|slurp|google\|bing|baidu\|google|spider\|bot|bot\|spider|google\.co|yahoo\.co)/ nocase
        $agent = /HTTP_(USER_AGENT|REFERER|ACCEPT_LANGUAGE)/
        $fetch = /(file_get_contents|curl_init|curl_exec|fsockopen|stream_context_create)\s?\(/ nocase
        $host = /(["']http:\/\/["'%]|http:\/\/\d{1,3}\.\d{1,3}\.|["']https?:\/\/["']\s?\.|base64_decode\s?\(\s?["']aHR0c|\?host=|&host=|REQUEST_URI|str_rot13)/ nocase
        $out = /(echo|print|die|exit|header)\s?\(?\s?["'$]/ nocase
        $class = /\nnamespace\s+\w|@package\s+\w|\bclass\s+\w+\s*(extends\s+\w+\s*)?\{|\b(require|include)(_once)?\b|\/\*\*\s/
    condition:
        filesize < 30KB and $bot and $agent and $fetch and $host and $out and not $class
}

rule php_remote_page {
    meta:
        description = "A short page that shows what another server answers and tells that server where it stands"
        author = "Lazaret"
        reference = "https://attack.mitre.org/techniques/T1608/006/"
        attack = "T1608.006"
        score = 76
        lazaret_for = "php"
    strings:
        $remote = /\$\w{1,30}\s?=\s?["']https?:\/\/[\w.:-]{4,60}[^"'\n]{0,60}["']\s?;/
        $self = /\$_SERVER\s?\[\s?["']?(SERVER_NAME|HTTP_HOST)["']?\s?\]\s?\.\s?\$_SERVER\s?\[\s?["']?(PHP_SELF|REQUEST_URI|SCRIPT_NAME)/
        $tell = /\?(host|domain|h|d|url|site)=["']?\s?\./
        $fetch = /(file_get_contents|curl_exec)\s?\(/ nocase
        $echo = /(echo|print)\s?\(?\s?\$\w/ nocase
        $quiet = /(set_time_limit\s?\(\s?0|error_reporting\s?\(\s?0|@file_get_contents|@ini_set)/ nocase
    condition:
        filesize < 4KB and $remote and $self and $tell and $fetch and $echo and $quiet
}

rule php_carries_program {
    meta:
        description = "Carries the bytes of a program, writes them to a file and starts it"
        author = "Lazaret"
        reference = "https://attack.mitre.org/techniques/T1027/009/"
        attack = "T1027.009, T1105"
        score = 82
        lazaret_for = "php"
    strings:
        $elf = /["'](\\x7f\\x45\\x4c\\x46|\\x7fELF|\\177ELF|f0VMR[A-Za-z0-9+\/]{20}|ZjBWTVJ)/
        $mz = /["']TV[oqpr][A-Za-z0-9+\/]{3}A{2}[A-Za-z0-9+\/]{20}/
        $c = /#include\s?<(\\n|sys\/|netinet|stdio|unistd)[^"']{0,400}(socket|execl|dup2)/
        $c64 = "I2luY2x1ZGUg"
        $perl64 = /IyEvdXNyL2Jpbi9wZXJs/
        $perl = /#!\/usr\/bin\/perl[\s\S]{0,300}(use Socket|SOCK_STREAM)/
        $write = /(fwrite|fputs|file_put_contents)\s?\(/ nocase
        $run = /[^\w>:$\\](system|shell_exec|exec|passthru|popen|proc_open)\s?\(|LD_PRELOAD|\w{1,10}\s?\(\s?["'](gcc|perl|chmod|\.\/)/ nocase
    condition:
        any of ($elf, $mz, $c, $c64, $perl64, $perl) and $write and $run
}

rule php_reverse_connection {
    meta:
        description = "Opens a connection to an address and hands it a shell"
        author = "Lazaret"
        reference = "https://attack.mitre.org/techniques/T1059/004/"
        attack = "T1059.004, T1571"
        score = 80
        lazaret_for = "php"
    strings:
        $socket = /(fsockopen|socket_create|stream_socket_client|socket_connect)\s?\(/ nocase
        $shell = /["'][^"'\n]{0,40}(\/bin\/(ba|da|z)?sh|cmd\.exe)[^"'\n]{0,20}["']/
        $proc = /(proc_open|popen|pcntl_exec)\s?\(/ nocase
        $exec = /[^\w>:$\\](shell_exec|exec|system|passthru)\s?\(\s?\$/ nocase
        $tcp = "/dev/tcp/"
        $pipe = /stream_select|pcntl_fork|stream_set_blocking|socket_write|fwrite\s?\(\s?\$s/ nocase
        $class = /\nnamespace\s+\w|@package\s+\w/
    condition:
        filesize < 40KB and not $class and ($socket and $shell and ($proc or $exec) and $pipe or ($tcp and ($exec or $proc)))
}

rule php_tiny_with_eval {
    meta:
        description = "Hardly more than one evaluation or include of something not written there"
        author = "Lazaret"
        reference = "https://attack.mitre.org/techniques/T1505/003/"
        attack = "T1505.003"
        score = 55
        lazaret_for = "php"
    strings:
        $run = /[^\w>:$\\](eval|assert|create_function|system|shell_exec|passthru|popen|exec)\s*\(/ nocase
        $include = /@(include|require)(_once)?\b/ nocase
        $call = /\$\w{1,20}\s?\(\s?\$\w{0,20}/
        $class = /\nnamespace\s+\w|@package\s+\w|\/\*\*\s|->exec|\b(require|include)(_once)?\s*\(?\s*(["'][\w.\/]*["']|dirname|__DIR__)/
    condition:
        filesize < 700 and not $class and ($run or $include or $call)
}

rule php_tells_home {
    meta:
        description = "Mails the address under which it was placed, and traits of the server, to its owner"
        author = "Lazaret"
        reference = "https://attack.mitre.org/techniques/T1082/"
        attack = "T1082, T1505.003"
        score = 78
        lazaret_for = "php"
    strings:
        $mail = /[^\w>:$\\]mail\s?\(\s?["'$(@]/ nocase
        $host = /\$_SERVER\s?\[\s?["']?(HTTP_HOST|SERVER_NAME)["']?\s?\]/
        $path = /\$_SERVER\s?\[\s?["']?(REQUEST_URI|PHP_SELF|SCRIPT_NAME)["']?\s?\]/
        $phpinfo = /phpinfo\s?\(\s?\)\s?;/ nocase
        $uname = /php_uname\s?\(/ nocase
        $safe = /(safe_mode|disable_functions)/ nocase
        $words = /(priv8|vull|vuln|inb0x|inbox|shell|hacked|new ?site|novo|testou|owned|infect|spam|mailer)/ nocase
        $class = /\nnamespace\s+\w|@package\s+\w|\bclass\s+\w+\s*(extends\s+\w+\s*)?\{|\b(require|include)(_once)?\s*\(?\s*["'$]/
    condition:
        filesize < 30KB and $mail and $host and $path and 1 of ($phpinfo, $uname, $safe, $words) and not $class
}

rule php_fetches_and_runs {
    meta:
        description = "Runs a fixed command that fetches a program or script and starts it"
        author = "Lazaret"
        reference = "https://attack.mitre.org/techniques/T1105/"
        attack = "T1105, T1059.004"
        score = 84
        lazaret_for = "php"
    strings:
        $run = /[^\w>:$\\](system|shell_exec|exec|passthru|popen|proc_open)\s?\(\s?["'][^"'\n]{0,80}\b(wget|curl|lwp-download|lynx|fetch|GET)\b[^\n]{1,250}\b(perl|sh|bash|python|chmod|php)\b/ nocase
        $kill = /[^\w>:$\\](system|shell_exec|exec|passthru|popen)\s?\(\s?["'](killall|pkill|\\x70k|pk\\x69)[^"'\n]{0,60}/ nocase
        $tmp = /[^\w>:$\\](system|shell_exec|exec|passthru|popen)\s?\(\s?["'](cd )?\/(tmp|var\/tmp|dev\/shm)\/?[^\n]{0,120}\$_(GET|POST|REQUEST)/ nocase
    condition:
        any of them
}

rule php_runs_fixed_probe {
    meta:
        description = "Runs a command that looks around: the first thing an intruder does"
        author = "Lazaret"
        reference = "https://attack.mitre.org/techniques/T1033/"
        attack = "T1033, T1082"
        score = 58
        lazaret_for = "php"
    strings:
        $probe = /[^\w>:$\\](system|shell_exec|exec|passthru|popen|proc_open|invoke)\s?\(\s?["'](id|whoami|uname -a|ls( -la?)?|cat \/etc\/passwd|ifconfig|pwd|netstat[^"']{0,8}|dir|ps aux)["']/ nocase
        $class = /\nnamespace\s+\w|@package\s+\w/
    condition:
        filesize < 20KB and $probe and not $class
}

rule php_beacon {
    meta:
        description = "Tells a server known by its number where it stands each time the page is shown"
        author = "Lazaret"
        reference = "https://attack.mitre.org/techniques/T1071/001/"
        attack = "T1071.001"
        score = 80
        lazaret_for = "php"
    strings:
        $php = /(file_get_contents|curl_init|fopen)\s?\(\s?["']https?:\/\/\d{1,3}\.\d{1,3}\.\d{1,3}\.\d{1,3}[^"'\n]{0,60}\?\w{1,8}=["']\s?\.\s?(urlencode\s?\()?\s?\$_SERVER/ nocase
    condition:
        any of them
}

rule php_takes_credentials {
    meta:
        description = "Mails passwords or card numbers from a form, with the visitor's address, and sends the visitor on: a phishing page"
        author = "Lazaret"
        reference = "https://attack.mitre.org/techniques/T1566/"
        attack = "T1566, T1056.003"
        score = 60
        lazaret_for = "php"
    strings:
        $secret = /\$_(POST|REQUEST|GET)\s?\[\s?["']?\w{0,12}(passw?o?r?d?|senha|pwd|pin|cvv|cvc|ccnum|cardnumber|cartao|cpf|ssn|login)\w{0,8}["']?\s?\]/ nocase
        $ip = /(REMOTE_ADDR|HTTP_CLIENT_IP|HTTP_X_FORWARDED_FOR)/
        $mail = /[^\w>:$\\]mail\s?\(\s?["'$(@]/ nocase
        $write = /(fwrite|fputs|file_put_contents)\s?\(/ nocase
        $on = /(header\s?\(\s?["']Location|location\.href|http-equiv=.{0,3}refresh|window\.location)/ nocase
        $class = /\nnamespace\s+\w|@package\s+\w|\bclass\s+\w+\s*(extends\s+\w+\s*)?\{|\b(require|include)(_once)?\s*\(?\s*["'$]|mysqli?_/
    condition:
        filesize < 40KB and #secret >= 1 and $ip and ($mail or $write) and $on and not $class
}

rule php_loose_page_with_risky_functions {
    meta:
        description = "A page on its own, outside of any program's structure, with functions that intruders need"
        author = "Lazaret"
        reference = "https://attack.mitre.org/techniques/T1505/003/"
        attack = "T1505.003"
        score = 45
        lazaret_for = "php"
    strings:
        $input = /\$\{?_(GET|POST|REQUEST|COOKIE|FILES)\b|HTTP_(GET|POST)_VARS|php:\/\/input|filter_input\s?\(\s?INPUT_/
        $r1 = /[^\w>:$\\](system|shell_exec|exec|passthru|popen|proc_open|eval|assert|pcntl_exec|create_function)\s?\(/ nocase
        $r2 = /[^\w>:$\\](base64_decode|gzinflate|gzuncompress|str_rot13|hex2bin|convert_uudecode)\s?\(/ nocase
        $r3 = /[^\w>:$\\](move_uploaded_file|copy|file_put_contents|fwrite|fputs|chmod|unlink|rename)\s?\(/ nocase
        $r4 = /[^\w>:$\\](mail|fsockopen|curl_exec|phpinfo|php_uname|getcwd|posix_getpwuid|get_current_user)\s?\(/ nocase
        $r5 = /[^\w>:$\\](set_time_limit\s?\(\s?0|error_reporting\s?\(\s?0|ignore_user_abort|ini_set\s?\(\s?["']display_errors["']\s?,\s?["']?(0|off))/ nocase
        $structure = /\nnamespace\s+\w|@package\s|@copyright|@license|\b(class|interface|trait)\s+\w+[\s\w,\\]{0,60}\{|\b(require|include)(_once)?\s*\(?\s*(["'$A-Z_]|dirname|__DIR__)|\bdefine\s?\(|defined\s?\(|\buse\s+\w+\\/
    condition:
        filesize < 40KB and not $structure and (3 of ($r*) or ($input and 2 of ($r*)) or ($input and $r1))
}
