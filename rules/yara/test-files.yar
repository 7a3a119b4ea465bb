// Files that are made to be found: they test that a scanner works.
// Licence: Apache-2.0.

rule eicar_test_file {
    meta:
        description = "The test file of EICAR: harmless, and found by every virus scanner"
        author = "Lazaret"
        reference = "https://www.eicar.org/download-anti-malware-testfile/"
        attack = "T1204.002"
        score = 100
        lazaret_for = "script, markup, text, binary"
        lazaret_needs = "X5O!P%@AP"
        lazaret_below = 129
    strings:
        // The file's own first part and second part, apart, so that this file is not found itself.
        $first = "X5O!P%@AP[4\\PZX54(P^)7CC)7}$"
        $second = "EICAR-STANDARD-ANTIVIRUS-TEST-FILE!$H+H*"
    condition:
        $first at 0 and $second at 28 and filesize <= 128
}
