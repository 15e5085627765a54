package carriers

// regions are the zones of states and provinces that keep one civil time, by
// country and postal abbreviation. Where fewer than one in a hundred people keep
// another, as in the west of Ontario, the region counts as one.
var regions = map[string]map[string]string{
	"US": {
		"CT": "America/New_York",
		"DC": "America/New_York",
		"DE": "America/New_York",
		"GA": "America/New_York",
		"MA": "America/New_York",
		"MD": "America/New_York",
		"ME": "America/New_York",
		"NC": "America/New_York",
		"NH": "America/New_York",
		"NJ": "America/New_York",
		"NY": "America/New_York",
		"OH": "America/New_York",
		"PA": "America/New_York",
		"RI": "America/New_York",
		"SC": "America/New_York",
		"VA": "America/New_York",
		"VT": "America/New_York",
		"WV": "America/New_York",
		"AL": "America/Chicago",
		"AR": "America/Chicago",
		"IA": "America/Chicago",
		"IL": "America/Chicago",
		"LA": "America/Chicago",
		"MN": "America/Chicago",
		"MO": "America/Chicago",
		"MS": "America/Chicago",
		"OK": "America/Chicago",
		"WI": "America/Chicago",
		"CO": "America/Denver",
		"MT": "America/Denver",
		"NM": "America/Denver",
		"UT": "America/Denver",
		"WY": "America/Denver",
		"CA": "America/Los_Angeles",
		"NV": "America/Los_Angeles",
		"OR": "America/Los_Angeles",
		"WA": "America/Los_Angeles",
		"AK": "America/Anchorage",
		"HI": "Pacific/Honolulu",
	},
	"CA": {
		"AB": "America/Edmonton",
		"SK": "America/Regina",
		"MB": "America/Winnipeg",
		"ON": "America/Toronto",
		"QC": "America/Toronto",
		"NB": "America/Moncton",
		"NS": "America/Halifax",
		"PE": "America/Halifax",
		"YT": "America/Whitehorse",
	},
	"AU": {
		"ACT": "Australia/Sydney",
		"NSW": "Australia/Sydney",
		"QLD": "Australia/Brisbane",
		"VIC": "Australia/Melbourne",
		"SA":  "Australia/Adelaide",
		"WA":  "Australia/Perth",
		"TAS": "Australia/Hobart",
		"NT":  "Australia/Darwin",
	},
	"BR": {
		"DF": "America/Sao_Paulo",
		"ES": "America/Sao_Paulo",
		"GO": "America/Sao_Paulo",
		"MG": "America/Sao_Paulo",
		"PR": "America/Sao_Paulo",
		"RJ": "America/Sao_Paulo",
		"RS": "America/Sao_Paulo",
		"SC": "America/Sao_Paulo",
		"SP": "America/Sao_Paulo",
		"AC": "America/Rio_Branco",
		"AL": "America/Maceio",
		"SE": "America/Maceio",
		"AP": "America/Belem",
		"PA": "America/Belem",
		"AM": "America/Manaus",
		"BA": "America/Bahia",
		"CE": "America/Fortaleza",
		"MA": "America/Fortaleza",
		"PB": "America/Fortaleza",
		"PI": "America/Fortaleza",
		"RN": "America/Fortaleza",
		"MT": "America/Cuiaba",
		"MS": "America/Campo_Grande",
		"PE": "America/Recife",
		"RO": "America/Porto_Velho",
		"RR": "America/Boa_Vista",
		"TO": "America/Araguaina",
	},
}

// elsewhere are the postal codes in such regions that keep another time.
var elsewhere = map[string]string{
	"US": "89825 89883 97901 97903 97906 97908 97909 97910 97911 97913 97914 97917 97918 97920 99546 99547", // West Wendover, Jackpot, Malheur, Adak
	"CA": "G0G G4T P0T P0V P0W P0X P0Y P8N P8T P9A P9N",                                                     // Blanc-Sablon, Magdalen Islands, west Ontario
	"AU": "2880 2898 6443",                                                                                  // Broken Hill, Lord Howe, Eucla
}

// postalZones are the zones of the first characters of postal codes, in regions
// with several, that lie in one zone as a whole.
var postalZones = []struct{ country, zone, prefixes string }{
	{"US", "America/New_York", "320 321 322 323 326 327 328 329 330 331 332 333 334 335 336 337 338 339 341 342 344 346 347 349 " +
		"376 377 378 379 400 401 402 403 404 405 406 410 460 461 462 465 466 467 468 469 472 473 478 480 " +
		"481 482 483 484 485 486 487 488 489 490 491 492 493 494 495 496 497"},
	{"US", "America/Chicago", "324 325 370 371 372 380 381 382 383 420 421 423 424 463 464 476 477 570 571 572 573 574 580 581 " +
		"582 583 584 660 661 662 664 665 666 667 668 669 670 671 672 673 674 675 676 680 681 683 684 685 " +
		"686 687 688 689 690 750 751 752 753 754 755 756 757 758 759 760 761 762 763 764 765 766 767 768 " +
		"769 770 772 773 774 775 776 777 778 779 780 781 782 783 784 785 786 787 788 789 790 791 792 793 " +
		"794 795 796 797"},
	{"US", "America/Denver", "577 798 799 832 833 834 836 837 885"},
	{"US", "America/Phoenix", "850 851 852 853 855 856 857 863"},
	{"US", "America/Los_Angeles", "838"},
	{"CA", "America/Vancouver", "V3 V4 V5 V6 V7 V8 V9"},
	{"CA", "America/St_Johns", "A1 A2"},
	{"ES", "Atlantic/Canary", "35 38"},
	{"PT", "Atlantic/Madeira", "90 91 92 93 94"},
	{"PT", "Atlantic/Azores", "95 96 97 98 99"},
}
