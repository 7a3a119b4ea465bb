!module example.com/app

go 1.22
toolchain go1.22.3

require (
	example.com/a v1.0.0 // indirect
	"example.com/b" v0.0.0-20200101000000-abcdefabcdef
)
replace example.com/a v1.0.0 => example.com/fork v1.0.1
replace example.com/c => ../c
exclude example.com/d v1
