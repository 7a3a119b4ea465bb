// ASP and ASP.NET pages.
// Licence: Apache-2.0. Written for Lazaret from the techniques, not from samples.

rule asp_input_eval {
    meta:
        description = "A request value is evaluated or executed as code"
        author = "Lazaret"
        reference = "https://attack.mitre.org/techniques/T1505/003/"
        attack = "T1505.003"
        score = 90
        lazaret_for = "asp, aspx"
    strings:
        $asp = /[^.\w](eval|execute|executeglobal)\b[\s("'&+:]{0,12}(\w{1,20}\s*\(\s*){0,3}request\s*([.(\[]|\bitem)/ nocase
        $unsafe = /\beval\s*\([^;]{1,300},\s*["']un["'+&\s]{0,6}safe["']\s*\)/ nocase
        $page = /<%|runat\s?=\s?["']?server/ nocase
    condition:
        $page and any of ($asp, $unsafe)
}

rule asp_hidden_eval {
    meta:
        description = "Code put together from pieces, numbers or reversed text is executed"
        author = "Lazaret"
        reference = "https://attack.mitre.org/techniques/T1027/"
        attack = "T1027, T1505.003"
        score = 82
        lazaret_for = "asp, aspx"
    strings:
        $decode = /[^.\w](eval|execute|executeglobal)\b[\s(]{0,4}(\w{1,20}\s*\(\s*){0,2}(unescape|strreverse|replace|mid|session|base64\w*|\w{0,12}decode|\w{0,12}decrypt|bin2str|unencode|fun|hextostr|stext|de)\s*\(/ nocase
        $session = /[^.\w](eval|execute|executeglobal)\b[\s("]{0,4}session\s*\(/ nocase
        $pieces = /(["']\w{1,4}["']\s?[&+]\s?){4}["']\w{1,4}["']/
        $numbers = /(chrw?\s?\(\s?\d{2,3}\s?\)\s?[&+]\s?){4}/ nocase
        $reversed = /["'][^"'\n]{0,60}(tseuqer|lave|etucexe)[^"'\n]{0,60}["']/ nocase
        $percent = /unescape\s?\(\s?["'][^"'\n]{0,20}(%u?[0-9a-f]{2,4}){6}/ nocase
        $run = /[^.\w](eval|execute|executeglobal)\b\s{0,2}[\s(]\s{0,2}\w{1,20}/ nocase
        $encode = "VBScript.Encode" nocase
        $encoded = "#@~^"
        $hidden = /\b(eval|execute)\b/ nocase
        $page = "<%"
    condition:
        $page and ($decode or $session or $reversed or ($encode and $encoded and $hidden)
        or (($pieces or $percent) and $run and filesize < 30KB) or ($numbers and $run and filesize < 3KB))
}

rule asp_encoded_page {
    meta:
        description = "A page encoded with the script encoder: its text cannot be read"
        author = "Lazaret"
        reference = "https://attack.mitre.org/techniques/T1027/"
        attack = "T1027"
        score = 55
        lazaret_for = "asp, aspx"
    strings:
        $encode = /language\s?=\s?["']?(vbscript|jscript)\.encode/ nocase
        $encoded = "#@~^"
    condition:
        $encode and $encoded
}

rule asp_runs_commands {
    meta:
        description = "A page starts programs through the Windows shell objects"
        author = "Lazaret"
        reference = "https://attack.mitre.org/techniques/T1059/"
        attack = "T1059, T1505.003"
        score = 82
        lazaret_for = "asp, aspx"
    strings:
        $create = /(createobject|new activexobject)\s?\(\s?["']{1,2}(w["'&\s]{0,6}script\.shell|shell\.application|wscript\.["'&\s]{0,6}shell)/ nocase
        $class = /clsid:(72C24DD5-D70A-438B-8A42-98424B88AFB8|F935DC22-1CF0-11D0-ADB9-00C04FD58A0[AB]|13709620-C279-11CE-A49E-444553540000)/ nocase
        $server = /runat\s?=\s?["']?server/ nocase
        $exec = /[\w)]\.\s?(exec|run|shellexecute)\s?[\s(]/ nocase
        $shell = /(cmd\.exe|%comspec%|\/c\s|cmd )/ nocase
        $input = /\brequest\s?[.(\[]/ nocase
    condition:
        ($class and $server and $exec) or ($create and $exec and ($input or $shell))
}

rule asp_server_console {
    meta:
        description = "One page walks the server's files, changes them and reaches objects that run commands"
        author = "Lazaret"
        reference = "https://attack.mitre.org/techniques/T1505/003/"
        attack = "T1505.003, T1083"
        score = 80
        lazaret_for = "asp, aspx"
    strings:
        $a1 = "Scripting.FileSystemObject" nocase
        $a2 = "WScript.Shell" nocase
        $a3 = "Shell.Application" nocase
        $a4 = "Adodb.Stream" nocase
        $a5 = /\.(SaveToFile|CreateTextFile)\b/ nocase
        $a6 = /\.(DeleteFile|DeleteFolder|CopyFile|MoveFile|CreateFolder|CopyFolder)\b/ nocase
        $a7 = /(GetSpecialFolder|\.Drives\b|DriveType|TotalSize|FreeSpace|AvailableSpace)/ nocase
        $a8 = /(cmd\.exe|%comspec%|net user|netstat|ipconfig|net localgroup)/ nocase
        $a9 = /(serv-?u|pcanywhere|radmin|hkey_local_machine|regread|terminal server)/ nocase
        $a10 = /(xp_cmdshell|sp_oacreate|xp_regread|sysadmin|backup (log|database))/ nocase
        $a11 = /(web ?shell|hacker|hacked|backdoor|trojan|exploit|0day|h4ck)/ nocase
        $a12 = /server\.scripttimeout\s?=\s?\d{4,}/ nocase
        $a13 = /(userpass|\bpass(word|wd)?\b)\s?=\s?["'][^"'\n]{1,32}["']/ nocase
        $a14 = /[^.\w](execute|eval|executeglobal)\b\s{0,2}[\s(]/ nocase
        $a15 = /request\.servervariables\s?\(/ nocase
        $a16 = /(portscan|port scan|scan port|scanport)/ nocase
        $input = /\brequest\s?[.(\[]/ nocase
    condition:
        $input and 9 of ($a*)
}

rule asp_server_console_traits {
    meta:
        description = "Some traits of a page that walks the server's files and changes them"
        author = "Lazaret"
        reference = "https://attack.mitre.org/techniques/T1505/003/"
        attack = "T1505.003"
        score = 50
        lazaret_for = "asp, aspx"
    strings:
        $a1 = "Scripting.FileSystemObject" nocase
        $a2 = "WScript.Shell" nocase
        $a3 = "Shell.Application" nocase
        $a4 = "Adodb.Stream" nocase
        $a5 = /\.(SaveToFile|CreateTextFile|OpenTextFile)\b/ nocase
        $a6 = /\.(DeleteFile|DeleteFolder|CopyFile|MoveFile|CreateFolder|CopyFolder)\b/ nocase
        $a7 = /(GetSpecialFolder|\.Drives\b|DriveType|TotalSize|FreeSpace|AvailableSpace|\.SubFolders)/ nocase
        $a8 = /(cmd\.exe|%comspec%|net user|netstat|ipconfig|net localgroup)/ nocase
        $a9 = /(serv-?u|pcanywhere|radmin|regread)/ nocase
        $a10 = /(xp_cmdshell|sp_oacreate|xp_regread)/ nocase
        $a11 = /(web ?shell|hacker|hacked|backdoor|exploit|0day|h4ck)/ nocase
        $a12 = /server\.scripttimeout\s?=\s?\d{4,}/ nocase
        $a14 = /[^.\w](execute|eval|executeglobal)\b\s{0,2}[\s(]/ nocase
        $input = /\brequest\s?[.(\[]/ nocase
    condition:
        $input and 4 of ($a*)
}

rule asp_writes_file {
    meta:
        description = "A short page writes what a request brings into a file of its choice"
        author = "Lazaret"
        reference = "https://attack.mitre.org/techniques/T1105/"
        attack = "T1105"
        score = 50
        lazaret_for = "asp, aspx"
    strings:
        $write = /\.(CreateTextFile|OpenTextFile|SaveToFile|SaveAs)\b[\s(]{0,4}[^\n]{0,80}(request\s?[.(\[]|server\.mappath|\w{1,20})/ nocase
        $net = /(File\.WriteAllText|File\.WriteAllBytes|StreamWriter|File\.CreateText)\s?\(\s?[^;\n]{0,60}Request\s?[.\[(]/ nocase
        $content = /\.(write|writeline|writetext)\b[\s(]{0,3}(request|\w{1,20})/ nocase
        $input = /request\s?(\.form|\.item|\.querystring)?\s?[(\[]/ nocase
        $path = /(syfdpath|cyfddata|newfilepath|savepath|filepath|dataname|tofilepath|localpath)/ nocase
    condition:
        filesize < 6KB and $input and (($write and $content and $path) or $net or
        (filesize < 1500 and $write and $content))
}

rule aspx_runs_commands {
    meta:
        description = "A page starts the command interpreter with what a request or a text box brings"
        author = "Lazaret"
        reference = "https://attack.mitre.org/techniques/T1059/003/"
        attack = "T1059.003, T1505.003"
        score = 82
        lazaret_for = "aspx, asp"
    strings:
        $process = /(ProcessStartInfo|new\s+(System\.Diagnostics\.)?Process\s?\(|Process\.Start\s?\()/
        $shell = /(cmd\.exe|cmd\b|powershell|\/c\s|\/bin\/(ba)?sh)/ nocase
        $input = /(Request\s?[.\[(]|\.Text\b|\.Value\b)/
        $redirect = /RedirectStandardOutput|UseShellExecute/ nocase
        $page = /<%|runat\s?=\s?["']?server/ nocase
    condition:
        $page and $process and $shell and $input and $redirect
}

rule aspx_loads_code {
    meta:
        description = "A page loads or compiles code that a request brings"
        author = "Lazaret"
        reference = "https://attack.mitre.org/techniques/T1620/"
        attack = "T1620, T1505.003"
        score = 86
        lazaret_for = "aspx, asp"
    strings:
        $load = /Assembly"?\]?\)?\.Load\s?\(|GetMethod\s?\(\s?["']Load["']|Assembly\s*\.\s*Load\b/
        $create = /CreateInstance\s?\(|\.EntryPoint|GetType\s?\(|InvokeMember|\.Invoke\s?\(/
        $compile = /(CSharpCodeProvider|VBCodeProvider|JScriptCodeProvider|CompileAssemblyFromSource)/
        $native = /(VirtualAlloc|CreateThread|WriteProcessMemory|Marshal\.Copy)/
        $input = /(Request\s?[.\[(]|Context\.Request|HttpContext|Session\s?\[|\.Text\b)/
        $page = /<%|runat\s?=\s?["']?server/ nocase
    condition:
        $page and $input and (($load and $create) or ($compile and $create) or #native >= 2)
}

rule aspx_server_console {
    meta:
        description = "One page walks files, processes, users and databases of the server"
        author = "Lazaret"
        reference = "https://attack.mitre.org/techniques/T1505/003/"
        attack = "T1505.003"
        score = 80
        lazaret_for = "aspx, asp"
    strings:
        $a1 = /(ProcessStartInfo|Process\.GetProcesses|GetProcessesByName)/
        $a2 = /(Directory|DirectoryInfo|DriveInfo|GetLogicalDrives|Directory\.GetFiles)\b/
        $a3 = /(File\.Delete|File\.Copy|File\.Move|Directory\.Delete|FileInfo|File\.SetAttributes)/
        $a4 = /(cmd\.exe|net user|netstat|ipconfig|whoami|systeminfo)/ nocase
        $a5 = /(xp_cmdshell|sp_oacreate|xp_dirtree|xp_regread|OpenRowSet)/ nocase
        $a6 = /(Registry\.|RegistryKey|OpenSubKey|hkey_local)/ nocase
        $a7 = /(web ?shell|aspxspy|hacker|backdoor|bypass|exploit|h4ck|portscan|port scan|portmap|reverse)/ nocase
        $a8 = /(ManagementObjectSearcher|Win32_|DirectoryServices|IIS:\/\/|w3svc)/ nocase
        $a9 = /(TcpClient|Socket\s?\(|NetworkStream)/
        $a10 = /(SetCreationTime|SetLastWriteTime|LastWriteTime\s?=|CreationTime\s?=)/
        $a11 = /(MD5|HashPassword|Cookies\.Add|["']password["'])/ nocase
        $a12 = /(PostedFile|SaveAs|HtmlInputFile|fileupload)/ nocase
        $a13 = /(SqlConnection|OleDbConnection)/
        $page = /<%@\s{0,4}(Page|WebHandler|WebService|Import|LANGUAGE)/ nocase
    condition:
        $page and $a2 and 7 of ($a*)
}

rule asp_protocol_page {
    meta:
        description = "A short page that talks with a remote control client over an encrypted session"
        author = "Lazaret"
        reference = "https://attack.mitre.org/techniques/T1573/001/"
        attack = "T1573.001, T1505.003"
        score = 85
        lazaret_for = "asp, aspx"
    strings:
        $crypt = /(RijndaelManaged|CreateDecryptor|AesManaged|FromBase64String|TransformFinalBlock|bin\.base64|BinaryRead)/ nocase
        $body = /(Request\.BinaryRead|Request\.InputStream|TotalBytes|Request\s?[\[(]\s?["']\w{1,20}["']\s?[\])])/ nocase
        $run = /(Assembly|\beval\b|\bexecute\b|executeglobal|CreateInstance)/ nocase
        $session = /Session(\.\w+)?\s?[\[(.]/ nocase
    condition:
        filesize < 6KB and $crypt and $body and $run and $session
}

rule asp_variable_eval {
    meta:
        description = "A short page keeps a request value and executes it a few lines later"
        author = "Lazaret"
        reference = "https://attack.mitre.org/techniques/T1505/003/"
        attack = "T1505.003"
        score = 82
        lazaret_for = "asp, aspx"
    strings:
        $kept = /\b\w{1,20}\s?=\s?(\w{1,12}\s?\(\s?){0,2}request\s?(\.\w{1,20}\s?)?[(\[]/ nocase
        $run = /[^.\w](execute|eval|executeglobal)\b\s?\(?\s?\w{1,20}\s?[),:%\r\n]/ nocase
        $swap = /replace\s?\([^)\n]{1,60},\s?["'](eval|execute)["']\s?\)/ nocase
        $page = /<%|runat\s?=\s?["']?server/ nocase
    condition:
        filesize < 3KB and $page and (($kept and $run) or $swap)
}

rule asp_doorway {
    meta:
        description = "Fetches what visitors see from another server and tells that server where it stands"
        author = "Lazaret"
        reference = "https://attack.mitre.org/techniques/T1608/006/"
        attack = "T1608.006"
        score = 78
        lazaret_for = "asp, aspx"
    strings:
        $fetch = /(Microsoft\.XMLHTTP|MSXML2\.\w*XMLHTTP|WinHttp\.WinHttpRequest|HttpWebRequest|WebClient|DownloadString)/ nocase
        $host = /servervariables\s?[(\[]\s?["'](HTTP_HOST|SERVER_NAME)["']\s?[)\]]\s?[&+]\s?[^\n]{0,60}servervariables\s?[(\[]\s?["'](script_name|url|path_info)/ nocase
        $tell = /["'][^"'\n]{0,30}\?(host|domain|h|d|url|site|baidu)=?[^"'\n]{0,20}["']/ nocase
        $remote = /\b\w{1,20}\s?=\s?["']https?:\/\/[^"'\n]{4,120}["']/
        $write = /response\.write\s?\(?\s?\w/ nocase
        $page = /<%|runat\s?=\s?["']?server/ nocase
    condition:
        filesize < 60KB and $page and $fetch and $host and $tell and $remote and $write
}

rule aspx_variable_eval {
    meta:
        description = "A JScript page evaluates a variable that a request filled"
        author = "Lazaret"
        reference = "https://attack.mitre.org/techniques/T1505/003/"
        attack = "T1505.003"
        score = 84
        lazaret_for = "aspx, asp"
    strings:
        $language = /language\s?=\s?["']?jscript/ nocase
        $input = /Request\s?[.\[(]/
        $eval = /\beval\s?\(\s?[\w.]{1,40}\s?(,|\()/ nocase
    condition:
        filesize < 8KB and $language and $input and $eval
}

rule asp_encoded_console {
    meta:
        description = "An encoded page with a password of its own, or with the object that runs commands"
        author = "Lazaret"
        reference = "https://attack.mitre.org/techniques/T1505/003/"
        attack = "T1505.003, T1027"
        score = 82
        lazaret_for = "asp, aspx"
    strings:
        $encode = /language\s?=\s?["']?(vbscript|jscript)\.encode/ nocase
        $encoded = "#@~^"
        $class = /clsid:(72C24DD5-D70A-438B-8A42-98424B88AFB8|F935DC22-1CF0-11D0-ADB9-00C04FD58A0[AB])/ nocase
        $password = /\b(userpass|clientpassword|silicpass|mNametitle|shellname)\s{0,8}=\s{0,4}["'][^"'\n]{1,40}["']/ nocase
    condition:
        $encode and $encoded and ($class or $password)
}
