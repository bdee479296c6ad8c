"""What travels: the messages of the contract, their exact decoding and their byte-for-byte encoding. Pure, no I/O."""
