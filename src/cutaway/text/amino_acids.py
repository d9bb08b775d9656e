"""The letters of amino acids (IUPAC-IUB 1983, "Nomenclature and Symbolism for Amino Acids")."""

STANDARD = "ACDEFGHIKLMNPQRSTVWY"
"""The twenty amino acids of the standard genetic code."""

OTHERS = "BJOUXZ"
"""B: D or N; J: I or L; Z: E or Q; X: any; O and U: pyrrolysine and selenocysteine."""

AMINO_ACIDS = STANDARD + OTHERS
