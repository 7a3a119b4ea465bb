!<?php /* x */ $a = 'ph'."pin\x66o"; echo base64_decode('aGVsbG8gd29ybGQgaGVsbG8='); $$a(chr(104).chr(105)); ?><p>text</p>
<?= str_rot13('uryyb jbeyq') ?>