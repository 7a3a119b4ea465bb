&#!/usr/bin/perl
my $a = q{x}; $a =~ s/a/b/e; print <<EOF . pack('H*', '6869');
text
EOF
