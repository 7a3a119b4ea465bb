// Java server pages.
// Licence: Apache-2.0. Written for Lazaret from the techniques, not from samples.

rule jsp_runs_commands {
    meta:
        description = "A page runs commands of the operating system with what a request brings"
        author = "Lazaret"
        reference = "https://attack.mitre.org/techniques/T1505/003/"
        attack = "T1505.003, T1059"
        score = 85
        lazaret_for = "jsp"
    strings:
        $exec = /getRuntime\s?\(\s?\)\s*\.\s*exec\s?\(/
        $kept = /Runtime\s+\w{1,20}\s?=\s?(java\.lang\.)?Runtime\s*\.\s*getRuntime/
        $kept_exec = /\b\w{1,20}\s?\.\s?exec\s?\(/
        $builder = /new\s+(java\.lang\.)?ProcessBuilder\s?\(/
        $impl = /java\.lang\.(ProcessImpl|UNIXProcess)/
        $input = /(request|req|pageContext\.getRequest\(\)|\(HttpServletRequest\)\s?\w+)\s*\.\s*(getParameter|getHeader|getInputStream|getQueryString|getReader|getCookies|getParameterValues|getAttribute)|\$\{\s?param\b|param\.\w+/
        $page = "<%"
        $tag = /<(jsp|c|sql):/
    condition:
        ($page or $tag) and $input and ($exec or ($kept and $kept_exec) or $builder or $impl)
}

rule jsp_reaches_runtime_by_reflection {
    meta:
        description = "A page reaches the functions that run commands by their names as texts"
        author = "Lazaret"
        reference = "https://attack.mitre.org/techniques/T1027/"
        attack = "T1027, T1059"
        score = 85
        lazaret_for = "jsp"
    strings:
        $name = /["'](java\.lang\.(Runtime|ProcessBuilder|ProcessImpl|UNIXProcess)|getRuntime|emitnuR\.gnal\.avaj|amF2YS5sYW5nLlJ1bnRpbWU=?)["']/
        $reflect = /(Class\s*\.\s*forName|getMethod|getDeclaredMethod|loadClass|getDeclaredConstructor|\.invoke)\s?\(/
        $bytes = /new\s+String\s?\(\s?new\s+byte\s?\[\s?\]\s?\{\s?\d{2,3}\s?,\s?\d{2,3}\s?,\s?\d{2,3}/
        $expression = /(java\.beans\.Expression|new\s+(java\.beans\.)?(Expression|Statement)\s?\(\s?(java\.lang\.)?Runtime)/
        $input = /(getParameter|getHeader|getInputStream|getQueryString|param\.)/
    condition:
        $input and (($name and $reflect) or ($bytes and $reflect) or $expression)
}

rule jsp_loads_code {
    meta:
        description = "A page defines classes, or runs scripts and expressions, that a request brings"
        author = "Lazaret"
        reference = "https://attack.mitre.org/techniques/T1620/"
        attack = "T1620, T1505.003"
        score = 88
        lazaret_for = "jsp"
    strings:
        $define = /\bdefineClass0?\b/
        $loader = /(extends\s+(java\.lang\.)?ClassLoader|ClassLoader\.class|URLClassLoader|sun\.misc\.Unsafe|\.newInstance\s?\()/
        $script = /(ScriptEngineManager|getEngineByName|ELProcessor|SpelExpressionParser|GroovyShell|ExpressionFactory|OgnlContext|ValueExpression)\b/
        $eval = /\.(eval|evaluate|getValue|parseExpression|createValueExpression)\s?\(/
        $rowset = /(JdbcRowSetImpl|TemplatesImpl|com\.sun\.org\.apache\.bcel|\$\$BCEL\$\$|InitialContext\s?\(\s?\)\s?\.\s?lookup\s?\(\s?request)/
        $decoder = /new\s+(java\.beans\.)?XMLDecoder\s?\(/
        $client = /String\s+Pwd\s?=\s?"[^"\n]{1,32}"\s?;[\s\S]{0,80}String\s+EC\s?\(\s?String/
        $compile = /(ToolProvider\.getSystemJavaCompiler|JavaCompiler\b)/
        $input = /(getParameter|getHeader|getInputStream|getReader|getQueryString|getCookies)\s?\(|pageContext|\bsession\s?\./
    condition:
        $input and (($define and $loader) or ($script and $eval) or $rowset or $compile or $decoder or $client)
}

rule jsp_writes_file {
    meta:
        description = "A request says which file is written and with what"
        author = "Lazaret"
        reference = "https://attack.mitre.org/techniques/T1105/"
        attack = "T1105"
        score = 80
        lazaret_for = "jsp"
    strings:
        $open = /new\s+(java\.io\.)?(FileOutputStream|FileWriter|PrintWriter|RandomAccessFile)\s?\(\s?[^;]{0,60}(getRealPath|getParameter|\bpath\b|\bfile\b|\bf\b|\w{1,12})/
        $content = /\.(write|print|println)\s?\(\s?request\s*\.\s*getParameter\s?\([^)]{0,40}\)/
        $bytes = /getParameter\s?\([^)]{0,40}\)\s?\.\s?getBytes\s?\(/
        $name = /getRealPath\s?\([^;]{0,40}\)\s?\+?[^;]{0,30}getParameter\s?\(/
        $decode = /(BASE64Decoder|Base64\.getDecoder|decodeBuffer)\s?\(\s?\)?[^;]{0,40}request\s*\.\s*getParameter/
    condition:
        filesize < 6KB and $open and any of ($content, $bytes, $name, $decode)
}

rule jsp_hidden_text {
    meta:
        description = "Letters are written as Unicode escapes, so that the code cannot be read"
        author = "Lazaret"
        reference = "https://attack.mitre.org/techniques/T1027/"
        attack = "T1027"
        score = 84
        lazaret_for = "jsp"
    strings:
        $letters = /(\\u{1,6}00[2-7][0-9a-f]){16}/ nocase
        $entities = /(&#(x[2-7][0-9a-f]|\d{2,3});){16}/ nocase
        $open = /<%|<jsp:scriptlet/
    condition:
        $open and ($letters or $entities)
}

rule jsp_server_console {
    meta:
        description = "One page walks the server's files, changes them, and runs commands or queries"
        author = "Lazaret"
        reference = "https://attack.mitre.org/techniques/T1505/003/"
        attack = "T1505.003, T1083"
        score = 80
        lazaret_for = "jsp"
    strings:
        $a1 = /(cmd\.exe|\/bin\/(ba)?sh|cmd \/c|\/c )/ nocase
        $a2 = /\.listFiles\s?\(|listRoots\s?\(/
        $a3 = /\.(delete|renameTo|mkdir|setLastModified)\s?\(/
        $a4 = /(FileOutputStream|FileWriter)\b/
        $a5 = /\.exec\s?\(|ProcessBuilder/
        $a6 = /(ServerSocket|Socket\s?\()/
        $a7 = /(web ?shell|backdoor|hacker|jspspy|exploit|\bpwd\b|h4ck|jfolder|browser\.jsp)/ nocase
        $a8 = /System\.getProperty\s?\(|getProperties\s?\(/
        $a9 = /(DriverManager|getConnection\s?\(|ResultSet\b)/
        $a10 = /(multipart\/form-data|boundary)/ nocase
        $a11 = /(ZipOutputStream|ZipEntry)/
        $a12 = /<textarea/ nocase
        $a13 = /getRealPath\s?\(/
        $a14 = /(case\s?'[A-Z]'|equals\s?\(\s?"[A-Z]"\s?\))/
        $input = /getParameter\s?\(|getInputStream\s?\(|getHeader\s?\(/
        $page = "<%"
    condition:
        $page and $input and $a3 and $a4 and 7 of ($a*)
}

rule jsp_server_console_traits {
    meta:
        description = "Some traits of a page that walks the server's files and changes them"
        author = "Lazaret"
        reference = "https://attack.mitre.org/techniques/T1505/003/"
        attack = "T1505.003"
        score = 45
        lazaret_for = "jsp"
    strings:
        $a1 = /(cmd\.exe|\/bin\/(ba)?sh|cmd \/c)/ nocase
        $a2 = /\.listFiles\s?\(|listRoots\s?\(/
        $a3 = /\.(delete|renameTo|mkdir|setLastModified)\s?\(/
        $a4 = /(FileOutputStream|FileWriter|RandomAccessFile)\b/
        $a5 = /\.exec\s?\(|ProcessBuilder/
        $a7 = /(web ?shell|backdoor|hacker|jspspy|exploit|h4ck)/ nocase
        $a8 = /getRealPath\s?\(/
        $a9 = /(BASE64Decoder|Base64|Cipher\.getInstance)/
        $input = /getParameter\s?\(|getInputStream\s?\(|getHeader\s?\(/
        $page = "<%"
    condition:
        $page and $input and 3 of ($a*)
}

rule jsp_resident_in_memory {
    meta:
        description = "A page registers a filter, servlet, listener or valve of its own in the running server"
        author = "Lazaret"
        reference = "https://attack.mitre.org/techniques/T1505/003/"
        attack = "T1505.003"
        score = 82
        lazaret_for = "jsp"
    strings:
        $context = /(StandardContext|ApplicationContext|StandardPipeline|WebappClassLoaderBase|ApplicationFilterConfig)\b/
        $register = /(addFilterDef|addFilterMapBefore|addFilterMap|addServletMapping\w*|addApplicationEventListener|addValve|addChild|FilterDef|createWrapper|addWatchedResource|UpgradeProtocol)\b/
        $reflect = /getDeclaredField\s?\(|setAccessible\s?\(/
        $page = "<%"
    condition:
        $page and $context and $register and $reflect
}
