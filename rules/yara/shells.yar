// What scripts of every language share: shells handed to an address, bots on IRC.
// Licence: Apache-2.0. Written for Lazaret from the techniques, not from samples.

rule script_reverse_shell {
    meta:
        description = "A script connects to an address and hands it a shell"
        author = "Lazaret"
        reference = "https://attack.mitre.org/techniques/T1059/004/"
        attack = "T1059.004, T1095"
        score = 85
        lazaret_for = "script"
        lazaret_needs = "/dev/tcp/|/dev/udp/"
        lazaret_needs = "/bin/|-e cmd|-c cmd|exec cmd"
        lazaret_and = "-e /bin/|-e /usr/bin/|-e \"/bin/|-e \"/usr/bin/|-e '/bin/|-e '/usr/bin/|-c /bin/|-c /usr/bin/|-c \"/bin/|-c \"/usr/bin/|-c '/bin/|-c '/usr/bin/|exec /bin/|exec /usr/bin/|exec \"/bin/|exec \"/usr/bin/|exec '/bin/|exec '/usr/bin/|-e cmd|-c cmd|exec cmd"
        lazaret_and = "nc|netcat"
        lazaret_needs = "mkfifo|mknod"
        lazaret_and = "nc|netcat|telnet|openssl s_client"
        lazaret_needs = "socat"
        lazaret_and = "exec:|EXEC:|Exec:"
        lazaret_needs = "os.dup2"
        lazaret_and = "pty.spawn|subprocess.|os.system|os.exec"
        lazaret_needs = "STDIN"
        lazaret_and = "\"<&|\">&|'<&|'>&|<<&|<>&|><&|>>&"
        lazaret_and = "Socket|socket"
        lazaret_needs = "TCPSocket"
        lazaret_and = "exec|IO.popen|/bin/sh|$stdin.reopen"
        lazaret_needs = "child_process"
        lazaret_and = "net.connect|net.Socket"
        lazaret_and = ".pipe"
        lazaret_needs = "fsockopen"
        lazaret_and = "<&3"
    strings:
        $bash = /(bash|sh)\s+-i\s+[<>&0-9\s]{0,10}[>&]{1,3}\s?\/dev\/(tcp|udp)\//
        $exec = /exec\s+\d{1,3}<>\s?\/dev\/(tcp|udp)\//
        $read = /\/dev\/(tcp|udp)\/[^\s]{1,80}\s*(0>&1|<&\d|[;&|]|\d?>&1)[^\n]{0,80}(\bsh\b|\bbash\b|while|cat)/
        $nc = /\b(nc|ncat|netcat)(\.\w+)?\s+[^|;\n"']{0,80}(-e|-c|--exec|--sh-exec) (["']?(\/bin\/|\/usr\/bin\/)|cmd)/
        $fifo = /(mkfifo|mknod)\s+(\/tmp\/)?\S{1,40}( p)?\s?[;&]{1,2}[^\n]{0,120}\b(nc|ncat|netcat|telnet|openssl s_client)\b[^\n]{0,100}/
        $socat = /socat\s+[^\n]{0,100}(exec|EXEC|Exec):["'\\]{0,2}(\/bin\/|\/usr\/bin\/)?(ba|da|z)?sh\b[\s"'\\,-][^\n]{0,40}(pty|tcp|stderr|PTY|TCP|STDERR)/
        $python = /os\.dup2\s?\(\s?\w{1,12}\.fileno\s?\(\s?\)\s?,\s?0\s?\)/
        $pty = /(pty\.spawn|subprocess\.(call|Popen|run)|os\.system|os\.execv?\w*)\s?\(\s?\[?["'][^"'\n]{0,20}(sh|bash)\b/
        $perl1 = /open\s?\(?\s?STDIN\s?,\s?["'][<>]{1,2}&/
        $perl2 = /(exec|system)[\s({]{1,4}["'\/]{0,3}(bin\/)?(ba)?sh\b|exec\s?\{?\s?["']\/bin\/sh/
        $perl3 = /(use\s+(IO::)?Socket|socket\s?\()/
        $perl4 = /\/bin\/(ba)?sh\b/
        $ruby = /TCPSocket\.(new|open)\s?\([^\n]{0,120}(exec|IO\.popen|sprintf\s?\(?\s?["']\/bin\/sh|\$stdin\.reopen)/
        $node = /child_process['"]\s?\)[\s\S]{0,400}net\.(connect|Socket)[\s\S]{0,300}\.pipe\s?\(/
        $php = /fsockopen\s?\([^;]{0,80}\)\s?;[^\n]{0,40}(exec|shell_exec|system|proc_open|popen)\s?\(\s?["'][^"'\n]{0,20}sh\b[^"'\n]{0,20}<&3/
    condition:
        any of ($bash, $exec, $nc, $fifo, $socat, $ruby, $node, $php, $read) or ($python and $pty)
        or ($perl1 and $perl3 and ($perl2 or ($perl4 and filesize < 8KB)))
}

rule irc_bot_script {
    meta:
        description = "A script that takes commands from an IRC channel: floods, scans, commands"
        author = "Lazaret"
        reference = "https://attack.mitre.org/techniques/T1071/"
        attack = "T1071, T1498"
        score = 82
        lazaret_for = "perl, python, php, text, shell"
        lazaret_needs = "PRIVMSG"
        lazaret_and = "JOIN |NICK "
        lazaret_and = "IO::Socket|fsockopen|socket.socket|sockopen"
    strings:
        $irc = /\bPRIVMSG\b/
        $join = /\b(JOIN|NICK) /
        $socket = /(IO::Socket|fsockopen|socket\.socket|sockopen|pfsockopen)/
        $flood = /(udp ?flood|tcp ?flood|http ?flood|syn ?flood|\bflood\b|portscan|spread|udp1|udp2|httpflood|!bot|@udp)/ nocase
        $run = /(`\$?\w{1,20}[^`\n]{0,20}`|\bsystem\s?\(|shell_exec|\bexec\s?\(|passthru|popen|\beval\b|fork\s?\()/
        $admin = /(admin|owner|master|mestre|hosts? ?auth|\badms\b|procfake|processo|\$fakeproc)/ nocase
    condition:
        $irc and $join and $socket and $flood and $run and $admin
}

rule text_reverse_shell {
    meta:
        description = "A text, perhaps a script without a first line that says so, hands a shell to an address"
        author = "Lazaret"
        reference = "https://attack.mitre.org/techniques/T1059/004/"
        attack = "T1059.004"
        score = 45
        lazaret_for = "text"
        lazaret_needs = "/dev/tcp/|/dev/udp/"
        lazaret_below = 16384
        lazaret_needs = "-e /bin/|-c /bin/"
        lazaret_and = "nc|netcat"
        lazaret_below = 16384
        lazaret_needs = "mkfifo"
        lazaret_and = "nc|netcat|telnet"
        lazaret_below = 16384
    strings:
        $bash = /(bash|sh)\s+-i\s+[<>&0-9\s]{0,10}[>&]{1,3}\s?\/dev\/(tcp|udp)\//
        $exec = /exec\s+\d{1,3}<>\s?\/dev\/(tcp|udp)\//
        $nc = /\b(nc|ncat|netcat)(\.\w+)?\s+[^|;\n"']{0,80}(-e|-c) \/bin\/(ba|da)?sh/
        $fifo = /mkfifo\s+(\/tmp\/)?\S{1,40}\s?[;&]{1,2}[^\n]{0,120}\b(nc|ncat|netcat|telnet)\b/
    condition:
        filesize < 16KB and any of them
}

rule script_known_tool {
    meta:
        description = "Names itself as one of the tools that intruders leave on servers"
        author = "Lazaret"
        reference = "https://attack.mitre.org/techniques/T1505/003/"
        attack = "T1505.003"
        score = 82
        lazaret_for = "jsp, asp, aspx, cfm, perl, python, ruby, shell"
        lazaret_needs = "b374k|devilzc0de|devilzShell|Connect Back |ConnectBack |WeBaCoo|PerlWebShell|reGeorg|JspSpy|JFolder|PXSpy|PxSpy|pXSpy|pxSpy|aspxspy|China Chopper|ChinaChopper|ICMP Shell Automation|icmp shell script|simple icmp command shell|CmdAsp|CMDAsp|cmdasp.asp|ASPyder|zehir|RHTOOLS|Antichat Shell|d00r.py"
        lazaret_and = "<%|#!|import|use "
    strings:
        $name = /(b374k|devilz(c0de|Shell)|Connect ?Back (Backdoor|Shell)|ConnectBack Backdoor|WeBaCoo|PerlWebShell|reGeorg|JspSpy|JFolder\b|A[Ss][Pp][Xx]Spy|aspxspy|China ?Chopper|ICMP Shell Automation|icmp shell script|simple icmp command shell|C(md|MD)Asp|cmdasp\.asp|ASPyder|zehir\d?\b|RHTOOLS|Antichat Shell|d00r\.py)/
        $server = /(<%|#!|\bimport\b|\buse [A-Z])/
    condition:
        $name and $server
}
