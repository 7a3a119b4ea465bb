// Perl, Python, shell, Ruby, JavaScript and ColdFusion; and what several languages share.
// Licence: Apache-2.0. Written for Lazaret from the techniques, not from samples.

rule cfm_runs_commands {
    meta:
        description = "A ColdFusion page runs a program that a form or an address names"
        author = "Lazaret"
        reference = "https://attack.mitre.org/techniques/T1505/003/"
        attack = "T1505.003"
        score = 82
        lazaret_for = "cfm"
    strings:
        $execute = /<cfexecute\b/ nocase
        $input = /(#\s?(form|url|cgi)\.|<cfparam|\bform\.|\burl\.|\bcgi\.)/ nocase
        $java = /createObject\s?\(\s?["']java["']\s?,\s?["']java\.lang\.(Runtime|ProcessBuilder)/ nocase
        $script = /<cfscript/ nocase
        $eval = /evaluate\s?\(\s?(form|url|cgi)\./ nocase
    condition:
        ($execute and $input) or $java or $eval or ($script and $java)
}

rule cfm_server_console {
    meta:
        description = "A ColdFusion page that walks, writes and deletes files under names from a request"
        author = "Lazaret"
        reference = "https://attack.mitre.org/techniques/T1083/"
        attack = "T1083, T1505.003"
        score = 76
        lazaret_for = "cfm"
    strings:
        $list = /<cfdirectory\b/ nocase
        $write = /<cffile\s[^>]{0,80}action\s?=\s?["']?(write|upload|delete|rename|append)/ nocase
        $input = /#\s?(form|url|cgi)\./ nocase
        $area = /<textarea|cmd|type="?file/ nocase
    condition:
        $list and $write and $input and $area
}

rule perl_cgi_shell {
    meta:
        description = "A Perl page of a web server that runs what a request brings as a command"
        author = "Lazaret"
        reference = "https://attack.mitre.org/techniques/T1505/003/"
        attack = "T1505.003"
        score = 80
        lazaret_for = "perl, text"
        lazaret_needs = "$ENV{"
        lazaret_and = "QUERY_STRING|CONTENT_LENGTH|REQUEST|HTTP_"
        lazaret_and = "`|system|exec|open|qx|eval"
        lazaret_needs = "param(|param ("
        lazaret_and = "\"cmd|\"command|\"c\"|\"c'|\"exec|\"run|\"perlcmd|\"shell|'cmd|'command|'c\"|'c'|'exec|'run|'perlcmd|'shell"
        lazaret_below = 20480
        lazaret_needs = "eval"
        lazaret_and = "evalparam|eval param|eval  param|eval(param|eval (param|eval( param|eval ( param|eval$cgi->param|eval $cgi->param|eval  $cgi->param|eval($cgi->param|eval ($cgi->param|eval( $cgi->param|eval ( $cgi->param"
    strings:
        $env = /\$ENV\{\s?['"]?(QUERY_STRING|CONTENT_LENGTH|REQUEST_METHOD|HTTP_\w+)['"]?\s?\}/
        $param = /\bparam ?\(\s?['"](cmd|command|c|exec|run|perlcmd|shell)['"]\s?\)/
        $run = /(`\s?\$\w{1,20}[^`\n]{0,40}`|\b(system|exec)\s?\(?\s?["']?\$\w{1,20}|open\s?\(\s?\w{1,20}\s?,\s?["']\s?\$?\w{0,20}[^"'\n]{0,40}\|\s?["']|open\s?\(\s?\w{1,20}\s?,\s?\$\w{1,20}\s?\|?|qx[\/({]\s?\$)/
        $name = /(CGI-?Telnet|CommandTimeoutDuration|&ExecuteCommand|cgi ?shell|perl ?web ?shell|web ?shell|priv8|ConnectBack|&PrintCommandLineInputForm)/ nocase
        $perl = /(#!.{0,40}perl|use strict|\bmy \$|\$in\{)/
        $whole = /(eval|system|exec)[\s(]{1,3}["']?\$ENV\{['"]?(QUERY_STRING|HTTP_|REQUEST)|eval ?\(? ?(param ?\(|\$cgi->param)/
    condition:
        $perl and (($env and $name and $run) or ($param and $run and filesize < 20KB) or $whole)
}

rule python_web_shell {
    meta:
        description = "A Python page of a web server that runs what a request brings"
        author = "Lazaret"
        reference = "https://attack.mitre.org/techniques/T1505/003/"
        attack = "T1505.003"
        score = 80
        lazaret_for = "python"
        lazaret_needs = "request.|cgi.|getfirst|self.path|QUERY_STRING|rfile.read|form[|form.get"
        lazaret_and = "eval(|eval (|eval\t(|eval\n(|eval\r(|eval\x0b(|eval\x0c(|exec(|exec (|exec\t(|exec\n(|exec\r(|exec\x0b(|exec\x0c(|os.popen|os.system|subprocess.|commands.get"
    strings:
        $cgi = /(cgi\.FieldStorage|getfirst|request\.(args|form|values|GET|POST|query)|self\.path|os\.environ\s?\[\s?["']QUERY_STRING|rfile\.read)/
        $run = /(os\.popen[234]?|os\.system|subprocess\.(check_output|Popen|call|run|getoutput)|commands\.getoutput|commands\.getstatusoutput)\s?\(\s?\(?\s?\[?\s?(cmd|command|request|form|fm|self|c\b|value|shell|run)/
        $direct = /(os\.popen|os\.system|subprocess\.\w+|eval|exec)\s?\(\s?(request\.|cgi\.|form\[|form\.get)/
        $name = /(web ?shell|python shell|cgi shell|backdoor)/ nocase
        $server = /(HTTPServer|BaseHTTPRequestHandler|Content-?type: text\/html|flask|bottle|cgi)/ nocase
    condition:
        ($cgi and $run and $server and filesize < 30KB) or $direct or ($name and $cgi and $run)
}

rule script_packed {
    meta:
        description = "A script decodes a text and runs it as code"
        author = "Lazaret"
        reference = "https://attack.mitre.org/techniques/T1140/"
        attack = "T1140, T1027"
        score = 78
        lazaret_for = "python, perl, ruby, shell, text"
        lazaret_needs = "exec(|exec ("
        lazaret_and = "__import__|zlib.decompress|base64.b|marshal.loads|bz2.decompress|lzma.decompress|codecs.decode|bytes.fromhex"
        lazaret_and = "exec(compile|exec( compile|exec(\ncompile|exec (compile|exec ( compile|exec (\ncompile|exec(__import__|exec( __import__|exec(\n__import__|exec (__import__|exec ( __import__|exec (\n__import__|exec(zlib|exec( zlib|exec(\nzlib|exec (zlib|exec ( zlib|exec (\nzlib|exec(base64|exec( base64|exec(\nbase64|exec (base64|exec ( base64|exec (\nbase64|exec(marshal|exec( marshal|exec(\nmarshal|exec (marshal|exec ( marshal|exec (\nmarshal|exec(bz2|exec( bz2|exec(\nbz2|exec (bz2|exec ( bz2|exec (\nbz2|exec(lzma|exec( lzma|exec(\nlzma|exec (lzma|exec ( lzma|exec (\nlzma|exec(codecs|exec( codecs|exec(\ncodecs|exec (codecs|exec ( codecs|exec (\ncodecs|exec(bytes|exec( bytes|exec(\nbytes|exec (bytes|exec ( bytes|exec (\nbytes"
        lazaret_needs = "eval"
        lazaret_and = "evaldecode_base64|eval decode_base64|eval  decode_base64|eval(decode_base64|eval (decode_base64|eval( decode_base64|eval ( decode_base64|evalunpack|eval unpack|eval  unpack|eval(unpack|eval (unpack|eval( unpack|eval ( unpack|evalpack|eval pack|eval  pack|eval(pack|eval (pack|eval( pack|eval ( pack|evalMIME::Base64|eval MIME::Base64|eval  MIME::Base64|eval(MIME::Base64|eval (MIME::Base64|eval( MIME::Base64|eval ( MIME::Base64"
        lazaret_needs = "Base64.decode64|Zlib::Inflate|\"].pack|'].pack|\".unpack|'.unpack"
        lazaret_and = "evalBase64|eval Base64|eval  Base64|eval(Base64|eval (Base64|eval( Base64|eval ( Base64|evalZlib|eval Zlib|eval  Zlib|eval(Zlib|eval (Zlib|eval( Zlib|eval ( Zlib|eval[\"|eval [\"|eval  [\"|eval([\"|eval ([\"|eval( [\"|eval ( [\"|eval['|eval ['|eval  ['|eval(['|eval (['|eval( ['|eval ( ['|eval\"|eval \"|eval  \"|eval(\"|eval (\"|eval( \"|eval ( \"|eval'|eval '|eval  '|eval('|eval ('|eval( '|eval ( '"
        lazaret_below = 1048576
        lazaret_needs = "base64|openssl|xxd"
        lazaret_and = "%7Cbase64|%7C base64|%7C\tbase64|%7C\nbase64|%7C\rbase64|%7C\x0bbase64|%7C\x0cbase64|%7Copenssl|%7C openssl|%7C\topenssl|%7C\nopenssl|%7C\ropenssl|%7C\x0bopenssl|%7C\x0copenssl|%7Cxxd|%7C xxd|%7C\txxd|%7C\nxxd|%7C\rxxd|%7C\x0bxxd|%7C\x0cxxd|%7C/usr/bin/|%7C /usr/bin/|%7C\t/usr/bin/|%7C\n/usr/bin/|%7C\r/usr/bin/|%7C\x0b/usr/bin/|%7C\x0c/usr/bin/"
        lazaret_and = "echo|printf"
    strings:
        $python = /\bexec ?\([ \n]?(compile\s?\(\s?)?(__import__\s?\(|zlib\.decompress\s?\(\s?base64|base64\.(b64|b32|b16|b85)decode\s?\(\s?(zlib|codecs|["'b])|marshal\.loads\s?\(|bz2\.decompress|lzma\.decompress|codecs\.decode|bytes\.fromhex)/
        $perl = /\beval ?\(? ?(decode_base64|unpack\s?\(?\s?["']u|pack\s?\(?\s?["']H\*?["']|MIME::Base64)/
        $ruby = /\beval ?\(? ?(Base64\.decode64|Zlib::Inflate|\[["'][^"']{40,}["']\]\.pack|["'][A-Za-z0-9+\/=]{40,}["']\.unpack)/
        $shell = /(echo|printf)\s+-?[ne]{0,2}\s?["']?[A-Za-z0-9+\/=]{40,}["']?\s?\|\s?(\/usr\/bin\/)?(base64\s+(-d|-D|--decode|-di)|openssl\s+(enc\s+)?-?(base64|d)|xxd\s+-r)[^\n|]{0,40}\|\s?([\w\/]{0,10}(ba|z|da|k)?sh|python[23]?|perl|eval|gunzip|gzip)/
        $shell2 = /(eval|bash\s+-c|sh\s+-c)\s+["']?(\$\(|`)\s?(echo|printf)\s+[^\n]{0,20}[A-Za-z0-9+\/=]{40,}["']?\s?\|\s?(base64\s+(-d|--decode)|xxd\s+-r)/
    condition:
        $python or $perl or $shell or $shell2 or ($ruby and filesize < 1MB)
}

rule shell_cgi {
    meta:
        description = "A shell script of a web server that runs the query as a command"
        author = "Lazaret"
        reference = "https://attack.mitre.org/techniques/T1505/003/"
        attack = "T1505.003"
        score = 78
        lazaret_for = "shell, text"
        lazaret_needs = "QUERY_STRING|REQUEST_URI|POST_STRING"
        lazaret_and = "eval|sh|$|`"
        lazaret_below = 20480
    strings:
        $query = /(QUERY_STRING|REQUEST_URI|POST_STRING)/
        $run = /(\beval\s+["'$`]|\b(ba)?sh\s+-c\s+["'`]?\$|\n\s{0,8}\$(CMD|cmd|command|COMMAND|QUERY_STRING)\b|`\s?\$\w{1,20}\s?`|`echo\s+\$?\{?QUERY_STRING)/
        $type = /Content-?type:\s?text/ nocase
    condition:
        filesize < 20KB and $query and $run and $type
}

rule shell_competitor_killer {
    meta:
        description = "A script ends other miners, unlocks and locks files, and settles in the scheduler or preloader"
        author = "Lazaret"
        reference = "https://attack.mitre.org/techniques/T1496/"
        attack = "T1496, T1562.001, T1053.003"
        score = 88
        lazaret_for = "shell, text, python, perl"
        lazaret_needs = "kill|grep"
        lazaret_and = "xmrig|kdevtmpfsi|kinsing|minerd|cryptonight|stratum|xmr-stak|watchbog|ddgs|sustes|kthreaddi|monero|minergate|networkservice|sysupdate|kworkerds|pastebin|log_rot|zzh|kerberods"
        lazaret_below = 409600
        lazaret_needs = "crontab|/var/spool/cron|/etc/cron."
        lazaret_and = "http://|https://"
        lazaret_and = "chmod|nohup|%7C"
        lazaret_below = 409600
    strings:
        $kill = /(pkill\s+(-9\s+)?-f|killall\s+(-9\s+)?|kill\s+-9\s|ps\s+\w{0,6}\s?\|\s?grep)\s?[^\n]{0,60}(xmrig|kdevtmpfsi|kinsing|minerd|cryptonight|stratum|xmr-stak|watchbog|ddgs|sustes|kthreaddi|monero|minergate|networkservice|sysupdate|kworkerds|pastebin|log_rot|zzh|kerberods)/
        $lock = /chattr\s+[-+][iaeR]{1,4}\s/
        $preload = "/etc/ld.so.preload"
        $cron = /(crontab\s+-(r|l)|\/var\/spool\/cron|\/etc\/cron\.)/
        $fetch = /\b(curl|wget|cdl|wd1|cur|lwp-download|urllib)\b[^\n]{0,120}https?:\/\//
        $run = /(chmod\s+(\+x|[0-7]*7[0-7]*)|\|\s?(ba)?sh\b|nohup)/
        $agent = /(aliyun|aegis|cloudmonitor|qcloud|YunJing|bcm-agent|apparmor|selinux|SELINUX|setenforce|ufw disable|iptables -F)/
        $keys = /\.ssh\/(authorized_keys|known_hosts|id_rsa)/
        $history = /(history\s+-c|HISTFILE|HISTSIZE=0|>\s?\/var\/log\/(wtmp|secure|lastlog|cron)|\.bash_history)/
        $limits = /(vm\.nr_hugepages|ulimit -n|nmi_watchdog)/
    condition:
        filesize < 400KB and (($kill and 3 of ($lock, $preload, $cron, $fetch, $run, $agent, $keys, $history, $limits)) or
        ($fetch and $run and $cron and 3 of ($lock, $preload, $agent, $history, $keys, $limits)))
}

rule shell_starts_miner {
    meta:
        description = "A script fetches or starts a miner of a cryptocurrency with a pool and a wallet"
        author = "Lazaret"
        reference = "https://attack.mitre.org/techniques/T1496/"
        attack = "T1496"
        score = 85
        lazaret_for = "shell, text, python, perl"
        lazaret_needs = "stratum+|stratum://|daemon+http://|:3333|:4444|:5555|:7777|:8888|:14444|:10128|:20128|:45700|:443"
        lazaret_and = "xmrig|minerd|cpuminer|xmr-stak|nbminer|t-rex|lolMiner|ethminer|phoenixminer|nanominer|srbminer|ccminer|teamredminer|moneroocean|donate-level|cpu-max-threads-hint|--randomx-|--rig-id|rx/|cn/|--algo|-u|--user|wallet|WALLET|\"user\""
        lazaret_and = "nohup|chmod|setsid|./|screen|systemctl|ExecStart|subprocess|-u|--user|wallet|WALLET|\"user\""
        lazaret_below = 409600
        lazaret_needs = "xmrig|minerd|cpuminer|xmr-stak|nbminer|t-rex|lolMiner|ethminer|phoenixminer|nanominer|srbminer|ccminer|teamredminer|moneroocean"
        lazaret_and = "-u|--user|wallet|WALLET|\"user\""
        lazaret_below = 409600
    strings:
        $pool = /(stratum\+(tcp|ssl|tls)|(stratum|daemon\+http):\/\/|(-o|--url)[\s=]["']?[\w.-]{4,60}:(3333|4444|5555|7777|8888|14444|10128|20128|45700|443)\b)/
        $wallet = /(-u|--user|wallet|WALLET|"user"\s?:)[\s="':]{0,6}[48][1-9A-HJ-NP-Za-km-z]{90,110}\b/
        $miner = /\b(xmrig|minerd|cpuminer|xmr-stak|nbminer|t-rex|lolMiner|ethminer|phoenixminer|nanominer|srbminer|ccminer|teamredminer|moneroocean)\b/
        $donate = /--?donate-level|"donate-level"|--cpu-max-threads-hint|--randomx-|--rig-id|-a\s+(rx|cn)\/|--algo[= ](rx|cn|randomx|ethash|kawpow)/
        $run = /(nohup|chmod\s+(\+x|7|a\+x)|setsid|\.\/\w{2,20}\s+-|screen -dm|systemctl|ExecStart|subprocess)/
    condition:
        filesize < 400KB and (($pool and ($wallet or ($miner and $run) or ($donate and $run))) or ($wallet and $miner and $run))
}

rule shell_fetch_and_run {
    meta:
        description = "A script fetches a file from an address by number, makes it a program and starts it from a temporary folder"
        author = "Lazaret"
        reference = "https://attack.mitre.org/techniques/T1105/"
        attack = "T1105, T1059.004"
        score = 78
        lazaret_for = "shell, text, python, perl"
        lazaret_needs = "wget|curl|tftp|ftpget"
        lazaret_and = "chmod"
        lazaret_and = "/tmp|/dev/shm|/var/run|/mnt|/root"
        lazaret_below = 204800
        lazaret_needs = "wget|curl|GET |lynx"
        lazaret_and = "%7Csh|%7C sh|%7C\tsh|%7C\nsh|%7C\rsh|%7C\x0bsh|%7C\x0csh|%7Cbash|%7C bash|%7C\tbash|%7C\nbash|%7C\rbash|%7C\x0bbash|%7C\x0cbash|%7Cdash|%7C dash|%7C\tdash|%7C\ndash|%7C\rdash|%7C\x0bdash|%7C\x0cdash|%7Cperl|%7C perl|%7C\tperl|%7C\nperl|%7C\rperl|%7C\x0bperl|%7C\x0cperl|%7Cpython|%7C python|%7C\tpython|%7C\npython|%7C\rpython|%7C\x0bpython|%7C\x0cpython|%7Csudo|%7C sudo|%7C\tsudo|%7C\nsudo|%7C\rsudo|%7C\x0bsudo|%7C\x0csudo|%7C/bin/|%7C /bin/|%7C\t/bin/|%7C\n/bin/|%7C\r/bin/|%7C\x0b/bin/|%7C\x0c/bin/"
        lazaret_below = 204800
    strings:
        $fetch = /\b(wget|curl|tftp|ftpget|busybox\s+(wget|tftp))\b[^\n;&|]{0,80}\b(https?:\/\/)?\d{1,3}\.\d{1,3}\.\d{1,3}\.\d{1,3}[:\/ ]/
        $pipe = /\b(wget|curl|GET |lynx)\b[^\n;&]{0,120}\d{1,3}\.\d{1,3}\.\d{1,3}\.\d{1,3}[^\n;&]{0,120}\|\s?(sudo\s+)?(\/bin\/)?(ba|da)?(sh|perl|python)\b/
        $place = /\bcd\s+\/(tmp|var\/tmp|dev\/shm|var\/run|mnt|root)\b|\/(tmp|var\/tmp|dev\/shm)\/\.?\w/
        $chmod = /chmod\s+(\+x|[0-7]?7[0-7]{2}|a\+x|u\+x)/
        $start = /(;|&&|\n)\s{0,8}(\.\/|sh\s|\/tmp\/|\/dev\/shm\/|\/var\/tmp\/|nohup)/
        $clean = /(;|&&|\n)\s{0,8}rm\s+-r?f/
        $local = /\b(127\.0\.0\.1|0\.0\.0\.0|192\.168\.|10\.\d{1,3}\.)/
    condition:
        filesize < 200KB and ($pipe or ($fetch and $place and $chmod and $start and ($clean or #fetch >= 3))) and not $local
}

rule shell_bot_spreader {
    meta:
        description = "Fetches one bot program after another, for every processor, runs each and deletes it"
        author = "Lazaret"
        reference = "https://attack.mitre.org/techniques/T1105/"
        attack = "T1105, T1584.005"
        score = 86
        lazaret_for = "shell, text"
        lazaret_needs = "wget|curl|tftp|ftpget"
        lazaret_and = "chmod"
        lazaret_and = "/tmp|/var/run|/mnt|/root"
        lazaret_and = "mips|mpsl|arm|sh4|ppc|powerpc|m68k|86|sparc|spc|arc"
        lazaret_below = 102400
    strings:
        $arch = /(wget|curl|tftp|ftpget)[^\n]{0,120}[\/.\s](mips|mipsel|mpsl|arm[4567]l?|sh4|ppc|powerpc|m68k|i[56]86|sparc|spc|x86_64|x86|arc)\b/
        $chmod = /chmod\s+(\+x|777|[0-7]{3})/
        $place = /cd\s+\/(tmp|var\/run|mnt|root)/
    condition:
        filesize < 100KB and #arch >= 4 and $chmod and $place
}

rule script_settles_in {
    meta:
        description = "A script writes a scheduler entry or service that fetches and runs something again and again"
        author = "Lazaret"
        reference = "https://attack.mitre.org/techniques/T1053/003/"
        attack = "T1053.003, T1543.002"
        score = 80
        lazaret_for = "shell, text, python, perl"
        lazaret_needs = "ExecStart=|crontab|/etc/cron|/var/spool/cron|/etc/systemd|.service|/etc/rc.local"
        lazaret_and = "curl|wget|cdl|lynx|ExecStart="
        lazaret_and = "%7C|/tmp/|/dev/shm/|/var/tmp/"
        lazaret_below = 409600
    strings:
        $cron = /\*(\/\d{1,2})?\s+\*\s+\*\s+\*\s+\*\s+(root\s+)?[^\n"']{0,40}\b(curl|wget|cdl|lynx)\b[^\n]{0,160}\|\s?(\/bin\/)?(ba)?sh\b/
        $unit = /ExecStart=[^\n]{0,60}(\/tmp\/|\/dev\/shm\/|\/var\/tmp\/|(curl|wget)\b[^\n]{0,100}\|\s?(ba)?sh)/
        $write = /(crontab|\/etc\/cron|\/var\/spool\/cron|\/etc\/systemd|\.service|\/etc\/rc\.local)/
    condition:
        filesize < 400KB and $write and ($cron or $unit)
}

rule container_escape_script {
    meta:
        description = "A script that leaves a container: release agent, kernel core pattern, the container engine's socket or a mounted disk of the host"
        author = "Lazaret"
        reference = "https://attack.mitre.org/techniques/T1611/"
        attack = "T1611"
        score = 85
        lazaret_for = "shell, text, python, perl, ruby"
        lazaret_needs = "release_agent"
        lazaret_and = "notify_on_release|cgroup"
        lazaret_below = 204800
        lazaret_needs = "/proc/sys/kernel/core_pattern"
        lazaret_and = "echo|printf"
        lazaret_below = 204800
        lazaret_needs = "docker.sock"
        lazaret_and = "Binds|HostConfig"
        lazaret_below = 204800
        lazaret_needs = "-v /:/"
        lazaret_and = "docker"
        lazaret_below = 204800
        lazaret_needs = "nsenter"
        lazaret_and = "/exe"
        lazaret_below = 204800
    strings:
        $agent = /(echo|printf|write)[^\n]{0,120}(>|>>|tee)\s?[^\n]{0,60}release_agent\b/
        $notify = /(echo\s+1\s?>\s?[^\n]{0,80}notify_on_release)/
        $core = /(echo|printf)\s+[^\n]{0,60}["']?\|[^\n]{0,120}>\s?\/proc\/sys\/kernel\/core_pattern/
        $socket = /(curl|--unix-socket|socat)[^\n]{0,40}docker\.sock[^\n]{0,120}(containers\/create|\/exec|Binds)/
        $binds = /"?(Binds|HostConfig)"?[^\n]{0,60}["'\[]\/:\/(mnt|host|hostfs|rootfs)?/
        $privileged = /docker\s+(-H\s+\S+\s+)?run\s+[^\n]{0,120}-v \/:\/(mnt|host|hostfs|hostroot)?\S{0,10}\s[^\n]{0,80}chroot/
        $nsenter = /nsenter\s+[^\n]{0,40}(-t\s?1|--target[= ]1)\s[^\n]{0,60}(-m|--mount)/
        $runc = /(\/proc\/self\/exe|\/proc\/\$?\{?\w{1,10}\}?\/exe)[^\n]{0,120}(runc|overwrite)/
        $cgroup = /mount\s+-t\s+cgroup\s+-o\s+\w{1,20}\s/
    condition:
        filesize < 200KB and (($agent and ($notify or $cgroup)) or $core or ($socket and $binds) or $privileged
        or ($runc and $nsenter))
}

rule node_web_shell {
    meta:
        description = "A request value is run as a command or as code by a JavaScript server"
        author = "Lazaret"
        reference = "https://attack.mitre.org/techniques/T1505/003/"
        attack = "T1505.003"
        score = 82
        lazaret_for = "javascript"
        lazaret_needs = "child_process|createServer|express|http.Server"
        lazaret_and = "req.query|req.body|req.params|req.headers|req.url|req[|req.cmd|request.query|request.body|request.params|request.headers|request.url|request[|request.cmd|ctx.query|ctx.body|ctx.params|ctx.headers|ctx.url|ctx[|ctx.cmd|query.query|query.body|query.params|query.headers|query.url|query[|query.cmd|parsedUrl.query|parsedUrl.body|parsedUrl.params|parsedUrl.headers|parsedUrl.url|parsedUrl[|parsedUrl.cmd"
        lazaret_needs = "(Request|( Request|(\tRequest|(\nRequest|(\rRequest|(\x0bRequest|(\x0cRequest"
    strings:
        $child = /require\s?\(\s?["'](node:)?child_process["']\s?\)/
        $direct = /\b(exec|execSync|spawn|eval|Function)\s?\(\s?[^;\n]{0,40}\b(req|request|ctx|query|parsedUrl)\b(\.query|\.body|\.params|\.headers|\.url|\[|\.cmd)/
        $server = /(createServer|express\s?\(|http\.Server)/
        $jscript = /\beval\s?\(\s?Request\s?[.\[(]/
    condition:
        ($child and $direct) or ($server and $direct) or $jscript
}

rule ruby_web_shell {
    meta:
        description = "A Ruby page of a web server that runs what a request brings"
        author = "Lazaret"
        reference = "https://attack.mitre.org/techniques/T1505/003/"
        attack = "T1505.003"
        score = 80
        lazaret_for = "ruby"
        lazaret_needs = "params[|params [|params\t[|params\n[|params\r[|params\x0b[|params\x0c[|cgi[|cgi [|cgi\t[|cgi\n[|cgi\r[|cgi\x0b[|cgi\x0c[|req.query[|req.query [|req.query\t[|req.query\n[|req.query\r[|req.query\x0b[|req.query\x0c["
        lazaret_and = "`|system|exec|IO.popen|eval|Open3."
    strings:
        $direct = /(`#\{\s?(params|cgi|req\.query)\s?\[|\b(system|exec|IO\.popen|eval|Open3\.\w+)[\s(]\s?(params|cgi|req\.query)\s?\[)/
    condition:
        $direct
}

rule shell_perl_dropper {
    meta:
        description = "A few lines that fetch a Perl program, run it and delete it"
        author = "Lazaret"
        reference = "https://attack.mitre.org/techniques/T1105/"
        attack = "T1105, T1059"
        score = 78
        lazaret_for = "shell, text"
        lazaret_needs = "wget|curl|lwp-download"
        lazaret_and = "perl"
        lazaret_and = "://"
        lazaret_below = 1500
    strings:
        $fetch = /\b(wget|curl|lwp-download)\b[^\n]{0,120}https?:\/\//
        $run = /(\bperl\s+[\w\/.-]{1,60}|\|\s?perl\b)/
        $clean = /\brm\s+-r?f/
    condition:
        filesize < 1500 and $fetch and $run and $clean
}
