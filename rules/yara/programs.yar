// Programs and libraries for Linux: miners, bots, rootkits, back doors, container escape tools.
// Licence: Apache-2.0. Written for Lazaret from the techniques, not from samples.
//
// Each rule says in `lazaret_needs` and what follows it what a file must hold for it to match: files
// that lack something of every rule are passed by before the rules run.

rule linux_miner {
    meta:
        description = "Speaks the protocol of mining pools and names the algorithms of a cryptocurrency miner"
        author = "Lazaret"
        reference = "https://attack.mitre.org/techniques/T1496/"
        attack = "T1496"
        score = 80
        lazaret_for = "elf"
        lazaret_needs = "stratum+|mining.subscribe|mining.authorize"
    strings:
        $url = /stratum\+(tcp|ssl|tls):\/\//
        $subscribe = "mining.subscribe"
        $authorize = "mining.authorize"
        $submit = "mining.submit"
        $login = /"method"\s?:\s?"login"|"login"\s?,\s?"params"/
        $donate = "donate-level"
        $algo1 = /\b(rx\/0|rx\/wow|cn\/r|cn\/gpu|cn-lite\/|cn-heavy\/|argon2\/chukwa)/
        $algo2 = /\b(randomx|cryptonight|kawpow|ethash|etchash|autolykos2|equihash|verushash|ghostrider|yescryptr?\d*|scrypt:\d+)\b/ nocase
        $rig = /\b(rig-id|rig_id|worker-id|nicehash|hashrate|hugepages|huge pages|accepted shares?|extranonce)\b/ nocase
        $pool = /\b(supportxmr|moneroocean|minexmr|nanopool|2miners|f2pool|hashvault|c3pool|minergate|unmineable|herominers|xmrpool|pool\.hashvault)\b/
    condition:
        uint32(0) == 0x464c457f and ($url or $subscribe or $authorize) and
        4 of ($subscribe, $authorize, $submit, $login, $donate, $algo1, $algo2, $rig, $pool)
}

rule linux_xmrig {
    meta:
        description = "The miner XMRig, or a program built from it"
        author = "Lazaret"
        reference = "https://github.com/xmrig/xmrig"
        attack = "T1496"
        score = 85
        lazaret_for = "elf"
        lazaret_needs = "donate-level|xmrig"
    strings:
        $name = "xmrig" nocase
        $donate = "donate-level"
        $options = /(randomx-mode|randomx-1gb-pages|cpu-max-threads-hint|cpu-priority|asm-optimization|no-huge-pages|print-time|user-agent|retry-pause|rig-id)/
        $config = /"(donate-over-proxy|huge-pages-jit|max-threads-hint|cn-lite|rx\/wow|astrobwt-max-size|memory-pool)"/
        $home = /(donate\.(v2|ssl)\.xmrig\.com|api\.xmrig\.com|xmrig\.com\/docs)/
    condition:
        uint32(0) == 0x464c457f and (($name and $donate and ($options or $config)) or ($home and $options)
        or ($donate and #options >= 3 and $config))
}

rule linux_bot_floods {
    meta:
        description = "A bot of the Gafgyt or Mirai kind: floods on command, logs in by guessed passwords"
        author = "Lazaret"
        reference = "https://attack.mitre.org/techniques/T1498/"
        attack = "T1498, T1110.001"
        score = 85
        lazaret_for = "elf"
        lazaret_needs = "FLOOD|gayfgt|LOLNOGTFO|KILLATTK|GETLOCALIP|/bin/busybox |dvrHelper|BOTKILL|xc3511|vizxv|7ujMko0|juantech"
    strings:
        $f1 = /\b(UDP|TCP|HTTP|STD|SYN|ACK|XMAS|HEX|VSE|NFO|CNC|OVH|STOMP|ICMP)_?FLOOD\b/
        $f3 = "KILLATTK"
        $f4 = "LOLNOGTFO"
        $f5 = "GETLOCALIP"
        $f6 = "gayfgt"
        $f7 = "BOTKILL"
        $f9 = "dvrHelper"
        $b1 = /\/bin\/busybox [A-Z]{4,12}\b/
        $b2 = "/dev/misc/watchdog"
        $b3 = /(cd \/tmp \|\| cd \/var\/run|cd \/tmp;.{0,20}wget|shell:cd \/|\/bin\/busybox (wget|tftp|cp|cat|chmod|rm) )/
        $b4 = /(xc3511|vizxv|7ujMko0|juantech)/
        $b5 = "/proc/net/tcp"
        $b6 = /(ogin|assword|enter)\x00/
    condition:
        uint32(0) == 0x464c457f and filesize < 4MB and (3 of ($f*) or (any of ($f*) and 2 of ($b*)) or ($b1 and 2 of ($b2, $b3, $b4))
        or ($b4 and 3 of ($b*)))
}

rule linux_bot_exploits {
    meta:
        description = "Carries requests that break into routers, cameras and other devices"
        author = "Lazaret"
        reference = "https://attack.mitre.org/techniques/T1190/"
        attack = "T1190, T1584.005"
        score = 85
        lazaret_for = "elf"
        lazaret_needs = "/ctrlt/DeviceUpgrade|/GponForm/|/HNAP1|/tmUnblock.cgi|dslf-config|/shell?cd+|/setup.cgi?next_file|/picsdesc.xml|/wanipcn.xml|cd+/tmp"
    strings:
        $e1 = "/ctrlt/DeviceUpgrade_1"
        $e2 = "/GponForm/diag_Form"
        $e3 = "/HNAP1"
        $e4 = "/tmUnblock.cgi"
        $e5 = "dslf-config"
        $e6 = "/shell?cd+"
        $e7 = "/setup.cgi?next_file="
        $e8 = "/picsdesc.xml"
        $e9 = "/wanipcn.xml"
        $e11 = "cd+/tmp"
        $get = /(wget|tftp|curl)(\+|%20| )(-\w(\+|%20| ))?(http|%s|\d{1,3}\.)/
        $run = /(chmod|sh)(\+|%20| )/
    condition:
        uint32(0) == 0x464c457f and filesize < 8MB and 2 of ($e*) and $get and $run
}

rule linux_irc_bot {
    meta:
        description = "A bot of the Tsunami or Kaiten kind, commanded through IRC"
        author = "Lazaret"
        reference = "https://attack.mitre.org/techniques/T1071/"
        attack = "T1071, T1498"
        score = 88
        lazaret_for = "elf"
        lazaret_needs = "NOTICE %s :"
    strings:
        $a1 = /NOTICE %s :(TSUNAMI|PAN|UDP|UNKNOWN|SPOOFS|NICK|GETSPOOFS|KILL|GET|IRC|SH|Tsunami|Packeting|Unable|Spoofs)/
        $a2 = "NOTICE %s :Killing pid %d."
        $a3 = /NOTICE %s :[^\x00\n]{0,40}<(target|host|port|secs|http address)>/
        $a4 = /(JOIN|NICK|USER|PONG|MODE) %s/
        $a5 = /%s : USERID : UNIX : %s|:Removed all spoofs/
    condition:
        uint32(0) == 0x464c457f and 3 of them
}

rule linux_ddos_gates {
    meta:
        description = "A program of the BillGates or XOR.DDoS kind: settles in under names of system services and floods"
        author = "Lazaret"
        reference = "https://attack.mitre.org/techniques/T1498/"
        attack = "T1498, T1036.004"
        score = 88
        lazaret_for = "elf"
        lazaret_needs = "DbSecuritySpt|gates.lod|moni.lod|BB2FA36AAA9541F0|libudev4.so"
    strings:
        $a1 = "DbSecuritySpt"
        $a2 = "gates.lod"
        $a3 = "moni.lod"
        $a4 = "BB2FA36AAA9541F0"
        $a5 = "/etc/cron.hourly/gcc"
        $a6 = "libudev4.so"
        $a7 = /\/etc\/init\.d\/(selinux|DbSecurity)/
        $a8 = /\/usr\/bin\/(bsd-port|\.sshd|pythno|dpkgd)/
        $a9 = "for i in `cat /proc/net/dev|grep :|awk -F:"
    condition:
        uint32(0) == 0x464c457f and any of ($a1, $a2, $a3, $a4, $a6) and 2 of them
}

rule linux_kinsing {
    meta:
        description = "A program of the Kinsing kind: spreads through open services and keeps a miner running"
        author = "Lazaret"
        reference = "https://attack.mitre.org/software/S0599/"
        attack = "T1496, T1610"
        score = 90
        lazaret_for = "elf"
        lazaret_needs = "kdevtmpfsi|kinsing|main.redisBrute|main.isMinerRunning|getMinerPid"
    strings:
        $a1 = "kdevtmpfsi"
        $a2 = "kinsing"
        $a3 = /main\.(redisBrute|masscan|runTaskWithScan|taskWithScanWorker|isMinerRunning|getMinerPid|minRun|minerRunningCheck|downloadAndExecute|healthChecker|backconnect|syncCmd)/
        $a3b = /main\.(redisBrute|isMinerRunning|getMinerPid)/
        $a4 = /\/tmp\/(kinsing|kdevtmpfsi)/
        $a5 = "Miner"
    condition:
        uint32(0) == 0x464c457f and (2 of ($a1, $a2, $a4) or ($a1 or $a2) and #a3 >= 2 or (#a3 >= 4 and $a3b and $a5))
}

rule linux_preload_rootkit {
    meta:
        description = "A library that hides files, processes or connections by standing in front of the C library"
        author = "Lazaret"
        reference = "https://attack.mitre.org/techniques/T1574/006/"
        attack = "T1574.006, T1014"
        score = 86
        lazaret_for = "elf"
        lazaret_needs = "ld.so.preload|libprocesshider|process_to_filter"
    strings:
        $preload = "ld.so.preload"
        $dlsym = "dlsym"
        $h1 = "readdir64"
        $h2 = "readdir"
        $h3 = /__(l|f)?xstat(64)?/
        $h4 = "fopen64"
        $h5 = "unlinkat"
        $h6 = "pam_authenticate"
        $h7 = /getpw(nam|uid)(_r)?/
        $h8 = "opendir"
        $h9 = "accept"
        $h10 = "execve"
        $h11 = "pam_open_session"
        $h12 = "pcap_loop"
        $h13 = "write"
        $name1 = "libprocesshider"
        $name2 = "process_to_filter"
        $look1 = "/proc/net/tcp"
        $look2 = "/proc/self/fd/%d"
        $look3 = /(hide|hidden|magic|xor|rootkit|backdoor|shell_pass|HIDE|MAGIC)/
    condition:
        uint32(0) == 0x464c457f and uint16(16) == 3 and filesize < 2MB and (
            ($name2 and $dlsym and $h2) or ($name1 and $dlsym)
            or ($preload and $dlsym and $h1 and 6 of ($h*) and any of ($look*))
        )
}

rule linux_kernel_rootkit {
    meta:
        description = "A kernel module that hides itself, files or processes by changing the table of system calls"
        author = "Lazaret"
        reference = "https://attack.mitre.org/techniques/T1014/"
        attack = "T1014, T1547.006"
        score = 86
        lazaret_for = "elf"
        lazaret_needs = "sys_call_table|module_hide|hide_module|diamorphine|reptile_|khook"
        lazaret_and = "vermagic=|module_layout|__this_module"
    strings:
        $table = "sys_call_table"
        $dents = /getdents(64)?/
        $hook = /(hooked|hook_|orig_|original_|hacked_|khook)\w{0,20}(getdents|kill|read|open|execve|tcp4_seq_show|filldir|unlink)/
        $hide = /(module_hide|hide_module|hide_pid|is_invisible|hide_file|hidden_pid|module_show|give_root|set_root|rootkit)/
        $hides = /(module_hide|hide_module)/
        $name = /\b(diamorphine|reptile_)/
        $module = /(vermagic=|module_layout|__this_module)/
    condition:
        uint32(0) == 0x464c457f and uint16(16) == 1 and $module and (
            $name or ($table and $dents and ($hook or $hide)) or ($hides and $hook)
        )
}

rule linux_reverse_shell {
    meta:
        description = "A small program whose code connects to an address and starts a shell there"
        author = "Lazaret"
        reference = "https://attack.mitre.org/techniques/T1059/004/"
        attack = "T1059.004, T1095"
        score = 85
        lazaret_for = "elf"
        lazaret_needs = "j)X\x99j\x02_j\x01^|j)Xj\x02_j\x01^|SCSj\x02"
    strings:
        $socket64 = { 6A 29 58 99 6A 02 5F 6A 01 5E [0-4] 0F 05 }
        $socket64b = { 6A 29 58 6A 02 5F 6A 01 5E [0-4] 0F 05 }
        $connect64 = { 6A 2A 58 [0-4] 0F 05 }
        $bind64 = { 6A 31 58 [0-4] 0F 05 }
        $run64 = { 6A 3B 58 [0-24] 0F 05 }
        $stage64 = { 6A 09 58 [2-24] 0F 05 }
        $socket32 = { 53 43 53 6A 02 [0-2] 89 E1 [0-2] CD 80 }
        $socket32b = { 53 43 53 6A 02 89 E1 B0 66 CD 80 }
        $shell32 = "h//shh/bin"
        $dup32 = { B0 3F CD 80 }
        $stage32 = { B0 7D CD 80 }
    condition:
        uint32(0) == 0x464c457f and filesize < 64KB and (
            (($socket64 or $socket64b) and ($connect64 or $bind64) and ($run64 or $stage64))
            or (($socket32 or $socket32b) and ($shell32 or $dup32 or $stage32))
        )
}

rule linux_sshd_back_door {
    meta:
        description = "A login service that keeps the passwords it is given"
        author = "Lazaret"
        reference = "https://attack.mitre.org/techniques/T1556/"
        attack = "T1556, T1056"
        score = 82
        lazaret_for = "elf"
        lazaret_needs = "authorized_keys|pam_sm_authenticate"
    strings:
        $ssh = "authorized_keys"
        $pam = "pam_sm_authenticate"
        $thief = /(user(name)?|login|usr|ssh|name|host)\s?[:=]{1,3}\s?%s[^\x00\n]{0,30}(pass(word|wd)?|pwd|pw)\s?[:=]{1,3}\s?%s/ nocase
        $place = /\/(tmp|var\/tmp|dev\/shm|usr\/include|usr\/lib|usr\/share|var\/log|etc|var\/run|lib\/udev|bin)\/[\w\/.-]{0,30}\.[\w-]{2,14}\x00/
        $home = /(gethostbyname|http:\/\/|fopen|sendto|res_query)/
    condition:
        uint32(0) == 0x464c457f and ($ssh or $pam) and $thief and ($place or $home)
}

rule linux_container_escape {
    meta:
        description = "A tool that leaves containers, or takes over the machine from one"
        author = "Lazaret"
        reference = "https://attack.mitre.org/techniques/T1611/"
        attack = "T1611"
        score = 84
        lazaret_for = "elf"
        lazaret_needs = "docker-sock-pwn|shim-pwn|mount-cgroup|mount-procfs|cap-dac-read-search|k8s-backdoor-daemonset|Break out the Box|kubeletmein"
        lazaret_needs = "deepce"
        lazaret_and = "peirates"
        lazaret_needs = "CVE-20"
        lazaret_and = "CVE-2019-5736"
        lazaret_and = "/proc/self/exe"
        lazaret_needs = "release_agent"
        lazaret_and = "notify_on_release"
        lazaret_and = "cgroup.procs"
    strings:
        $c1 = "docker-sock-pwn"
        $c2 = "shim-pwn"
        $c3 = "mount-cgroup"
        $c4 = "mount-procfs"
        $c5 = "cap-dac-read-search"
        $c6 = "k8s-backdoor-daemonset"
        $c7 = "docker-api-pwn"
        $c8 = "rewrite-cgroup-devices"
        $t1 = "Break out the Box"
        $t2 = "deepce"
        $t3 = "kubeletmein"
        $t4 = /\bpeirates\b/
        $runc = "CVE-2019-5736"
        $self = "/proc/self/exe"
        $over = /(\/proc\/%d\/exe|\/proc\/self\/fd\/%d|Overwr|overwr|Successfully got)/
        $agent = /(>|echo|write|set)[^\x00\n]{0,80}release_agent/
        $notify = /echo 1 ?> ?[^\x00\n]{0,60}notify_on_release/
        $procs = /(echo|sh -c)[^\x00\n]{0,60}cgroup\.procs/
    condition:
        uint32(0) == 0x464c457f and (3 of ($c*) or any of ($t1, $t3) or ($t2 and $t4) or ($runc and $self and $over)
        or ($agent and $notify and $procs))
}

rule linux_privilege_exploit {
    meta:
        description = "An exploit that wins the rights of root through a known flaw"
        author = "Lazaret"
        reference = "https://attack.mitre.org/techniques/T1068/"
        attack = "T1068"
        score = 82
        lazaret_for = "elf"
        lazaret_needs = "GCONV_PATH=."
        lazaret_and = "pkexec"
        lazaret_below = 8388608
        lazaret_needs = "firefart|dirtyc0w|irtycow|irtyCow"
        lazaret_and = "/mem"
        lazaret_below = 8388608
        lazaret_needs = "hijacking suid"
        lazaret_below = 8388608
        lazaret_needs = "CVE-20"
        lazaret_and = "CVE-2016-5195|CVE-2022-0847|CVE-2021-4034|CVE-2021-3156|CVE-2022-0185|CVE-2022-2588|CVE-2021-22555|CVE-2023-0386|CVE-2024-1086"
        lazaret_and = "/bin/sh"
        lazaret_below = 8388608
        lazaret_needs = "commit_creds"
        lazaret_and = "prepare_kernel_cred|modprobe_path|init_cred"
        lazaret_and = "/bin/sh"
        lazaret_below = 8388608
    strings:
        $pk1 = "GCONV_PATH=."
        $pk2 = "pkexec"
        $cow = /(firefart|dirtyc0w|dirtycow|DirtyCow)/
        $mem = /\/proc\/(self|%d)\/mem/
        $pipe1 = "hijacking suid"
        $pipe2 = /(backing up|restoring) [^\x00\n]{0,20}(suid|\/etc\/passwd)/
        $cve = /CVE-(2016-5195|2022-0847|2021-4034|2021-3156|2022-0185|2022-2588|2021-22555|2023-0386|2024-1086)/
        $say = /(\[[+*!-]\]|got root|spawning (a )?(root )?shell|dropping shell|root shell|exploit|Exploit)/
        $kernel1 = "commit_creds"
        $kernel2 = /prepare_kernel_cred|modprobe_path|init_cred/
        $shell = "/bin/sh"
    condition:
        uint32(0) == 0x464c457f and uint16(16) != 1 and filesize < 8MB and (
            ($pk1 and $pk2) or ($cow and $mem) or ($pipe1 and $pipe2) or ($cve and $say and $shell)
            or ($kernel1 and $kernel2 and $say and $shell)
        )
}

rule linux_remote_control {
    meta:
        description = "An agent of a remote control framework"
        author = "Lazaret"
        reference = "https://attack.mitre.org/techniques/T1219/"
        attack = "T1219, T1071.001"
        score = 86
        lazaret_for = "elf"
        lazaret_needs = "/sliver/implant|/sliver/protobuf|mettlesploit|stdapi_fs_|Ne0nd0g/merlin|geacon|MythicAgents|poseidon/Payload_Type"
    strings:
        $a1 = /[bB]ishop[fF]ox\/sliver\/(protobuf|implant)/
        $a2 = "mettlesploit"
        $a3 = /stdapi_fs_(ls|delete_file|getwd)/
        $a4 = "Ne0nd0g/merlin"
        $a5 = /\bgeacon/
        $a6 = /MythicAgents|poseidon\/Payload_Type/
    condition:
        uint32(0) == 0x464c457f and any of them
}

rule linux_hypervisor_ransom {
    meta:
        description = "Stops virtual machines and works on their disks: ransomware for hypervisors"
        author = "Lazaret"
        reference = "https://attack.mitre.org/techniques/T1486/"
        attack = "T1486, T1489"
        score = 84
        lazaret_for = "elf"
        lazaret_needs = "esxcli|vim-cmd"
    strings:
        $a1 = /esxcli (--formatter=\w{1,6} |--format-param=\S{1,60} )?vm process (list|kill)/
        $a2 = /vim-cmd (vmsvc|hostsvc)\/(getallvms|power|snapshot|autostartmanager)/
        $b1 = /\.(vmdk|vmem|vswp|vmsn|nvram|vmx)\b/
        $b2 = /(\.onion|decrypt|encrypted|ransom|recover your|restore your|README|HOW[_ ]TO)/ nocase
    condition:
        uint32(0) == 0x464c457f and any of ($a*) and $b1 and $b2
}

rule linux_pretends_kernel_thread {
    meta:
        description = "Takes the name of a kernel thread and runs from memory or a temporary folder"
        author = "Lazaret"
        reference = "https://attack.mitre.org/techniques/T1036/004/"
        attack = "T1036.004, T1620"
        score = 60
        lazaret_for = "elf"
        lazaret_needs = "[kworker|[kthreadd|[ksoftirqd|[migration|[rcu_sched|[watchdog"
    strings:
        $thread = /\x00\[(kworker|kthreadd|ksoftirqd|migration|rcu_sched|watchdog)[\/\w:]{0,14}\]\x00/
        $memory = /(memfd_create|\/proc\/self\/fd\/%d)/
        $place = /\x00\/(tmp|dev\/shm|var\/tmp)\/\.?\w{1,20}\x00/
        $name = "prctl"
    condition:
        uint32(0) == 0x464c457f and uint16(16) != 1 and filesize < 8MB and $thread and ($name or $memory) and ($memory or $place)
}

rule linux_upx_packed {
    meta:
        description = "Packed with UPX: its code shows only when it runs"
        author = "Lazaret"
        reference = "https://attack.mitre.org/techniques/T1027/002/"
        attack = "T1027.002"
        score = 35
        lazaret_for = "elf"
        lazaret_needs = "UPX!"
    strings:
        $mark = "UPX!"
        $info = "$Info: This file is packed with the UPX executable packer"
    condition:
        uint32(0) == 0x464c457f and ($mark in (0..1024) or ($info and $mark in (filesize - 128..filesize)))
}
