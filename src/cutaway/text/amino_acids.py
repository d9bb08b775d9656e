"""The letters of proteins, one an amino acid (IUPAC-IUB 1983, "Nomenclature and Symbolism for Amino Acids")."""

STANDARD = "ACDEFGHIKLMNPQRSTVWY"
"""The twenty that every genome codes for."""

OTHERS = "BJOUXZ"
"""B: D or N; J: I or L; Z: E or Q; X: any; O and U: pyrrolysine and selenocysteine."""

AMINO_ACIDS = STANDARD + OTHERS
