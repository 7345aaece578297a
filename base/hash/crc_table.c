/* The tables and constants of both CRCs, and the portable form: eight bytes a turn. */
#include "base/hash/crc_table.h"

/*
 * table[k][n] is the remainder of the byte n with k zero bytes behind it. Remainders add up bit by
 * bit, so each row follows from those of its eight single bits.
 */
#define T1(n, a, b, c, d, e, f, g, h)                                                              \
	((n)&1 ? a : 0) ^ ((n)&2 ? b : 0) ^ ((n)&4 ? c : 0) ^ ((n)&8 ? d : 0) ^ ((n)&16 ? e : 0) ^ \
		((n)&32 ? f : 0) ^ ((n)&64 ? g : 0) ^ ((n)&128 ? h : 0)
#define T4(n, ...)                                                                                 \
	T1(n, __VA_ARGS__), T1((n) + 1, __VA_ARGS__), T1((n) + 2, __VA_ARGS__),                    \
		T1((n) + 3, __VA_ARGS__)
#define T16(n, ...)                                                                                \
	T4(n, __VA_ARGS__), T4((n) + 4, __VA_ARGS__), T4((n) + 8, __VA_ARGS__),                    \
		T4((n) + 12, __VA_ARGS__)
#define T64(n, ...)                                                                                \
	T16(n, __VA_ARGS__), T16((n) + 16, __VA_ARGS__), T16((n) + 32, __VA_ARGS__),               \
		T16((n) + 48, __VA_ARGS__)
#define ROW(...)                                                                                   \
	{                                                                                          \
		T64(0, __VA_ARGS__), T64(64, __VA_ARGS__), T64(128, __VA_ARGS__),                  \
			T64(192, __VA_ARGS__)                                                      \
	}

/* clang-format off */
static const uint64_t tables[CRC_KIND_COUNT][8][256] = {
	[CRC_32C] = {
		ROW(0xf26b8303, 0xe13b70f7, 0xc79a971f, 0x8ad958cf,
		    0x105ec76f, 0x20bd8ede, 0x417b1dbc, 0x82f63b78),
		ROW(0x13a29877, 0x274530ee, 0x4e8a61dc, 0x9d14c3b8,
		    0x3fc5f181, 0x7f8be302, 0xff17c604, 0xfbc3faf9),
		ROW(0xa541927e, 0x4f6f520d, 0x9edea41a, 0x38513ec5,
		    0x70a27d8a, 0xe144fb14, 0xc76580d9, 0x8b277743),
		ROW(0xdd45aab8, 0xbf672381, 0x7b2231f3, 0xf64463e6,
		    0xe964b13d, 0xd725148b, 0xaba65fe7, 0x52a0c93f),
		ROW(0x38116fac, 0x7022df58, 0xe045beb0, 0xc5670b91,
		    0x8f2261d3, 0x1ba8b557, 0x37516aae, 0x6ea2d55c),
		ROW(0xef306b19, 0xdb8ca0c3, 0xb2f53777, 0x6006181f,
		    0xc00c303e, 0x85f4168d, 0x0e045beb, 0x1c08b7d6),
		ROW(0x68032cc8, 0xd0065990, 0xa5e0c5d1, 0x4e2dfd53,
		    0x9c5bfaa6, 0x3d5b83bd, 0x7ab7077a, 0xf56e0ef4),
		ROW(0x493c7d27, 0x9278fa4e, 0x211d826d, 0x423b04da,
		    0x847609b4, 0x0d006599, 0x1a00cb32, 0x34019664),
	},
	[CRC_64NVME] = {
		ROW(0x7f6ef0c830358979, 0xfedde190606b12f2, 0xc962e5739841b68f, 0xa61cecb46814fe75,
		    0x78e0ff3b88be6f81, 0xf1c1fe77117cdf02, 0xd75adabd7a6e2d6f, 0x9a6c9329ac4bc9b5),
		ROW(0x8776a97d73bddf69, 0x3a3474a9bfec2db9, 0x7468e9537fd85b72, 0xe8d1d2a6ffb0b6e4,
		    0xe57a831ea7f6fea3, 0xfe2c206e177a6e2d, 0xc881668f76634f31, 0xa5dbeb4db4510d09),
		ROW(0xff6e4e1f4e4038be, 0xca05ba6dc417e217, 0xa0d25288d0b85745, 0x757d8342f9e73de1,
		    0xeafb0685f3ce7bc2, 0xe12f2b58bf0b64ef, 0xf68770e226815ab5, 0xd9d7c79715952601),
		ROW(0x8211147cbaf96306, 0x30fb0eaa2d655567, 0x61f61d545acaaace, 0xc3ec3aa8b595559c,
		    0xb301530233bd3853, 0x52db80573fede3cd, 0xa5b700ae7fdbc79a, 0x7fb7270fa7201c5f),
		ROW(0x373d15f784905d1e, 0x6e7a2bef0920ba3c, 0xdcf457de12417478, 0x8d3189ef7c157b9b,
		    0x2eba358da0bd645d, 0x5d746b1b417ac8ba, 0xbae8d63682f59174, 0x41088a3e5d7cb183),
		ROW(0xe9742a79ef04a5d4, 0xe63172a0869ed8c3, 0xf8bbc31255aa22ed, 0xc5aea077f3c3d6b1,
		    0xbf8466bcbf103e09, 0x4bd1eb2a26b7ef79, 0x97a3d6544d6fdef2, 0x1b9e8afbc2482e8f),
		ROW(0xfc5d27f6bf353971, 0xcc6369be26fde189, 0xac1ff52f156c5079, 0x6ce6cc0d724f3399,
		    0xd9cd981ae49e6732, 0x8742166691ab5d0f, 0x3a5d0a9e7bc12975, 0x74ba153cf78252ea),
		ROW(0x21e9761e252621ac, 0x43d2ec3c4a4c4358, 0x87a5d878949886b0, 0x3b9296a271a69e0b,
		    0x77252d44e34d3c16, 0xee4a5a89c69a782c, 0xe84d9340d5a36333, 0xe44200d2f3d1550d),
	},
};

const struct crc_polynomial crc_polynomials[CRC_KIND_COUNT] = {
	[CRC_32C] = {
		.mask = 0xffffffff,
		.reflected = 0x82f63b78,
		.fold = {
			.by_128 = { 0x3743f7bd00000000, 0x3171d43000000000 },
			.by_512 = { 0x1c19243b00000000, 0x75bba45b00000000 },
			.by_2048 = { 0xe9a5d8be00000000, 0x1426a81500000000 },
		},
	},
	[CRC_64NVME] = {
		.mask = 0xffffffffffffffff,
		.reflected = 0x9a6c9329ac4bc9b5,
		.fold = {
			.by_128 = { 0xeadc41fd2ba3d420, 0x21e9761e252621ac },
			.by_512 = { 0x0c32cdb31e18a84a, 0x62242240ace5045a },
			.by_2048 = { 0x37ccd3e14069cabc, 0xa043808c0f782663 },
		},
	},
};
/* clang-format on */

uint64_t crc_by_table(enum crc_kind kind, uint64_t remainder, struct view data)
{
	const uint64_t(*table)[256] = tables[kind];

	for (; data.len >= 8; data.ptr += 8, data.len -= 8) {
		uint64_t sum = remainder ^ get_u64(data.ptr);

		remainder = 0;
		for (unsigned i = 0; i < 8; i++)
			remainder ^= table[7 - i][sum >> 8 * i & 255];
	}
	for (; data.len; data.ptr++, data.len--)
		remainder = table[0][(remainder ^ *data.ptr) & 255] ^ remainder >> 8;
	return remainder;
}
