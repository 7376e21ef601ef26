/* GMP does the arithmetic; its numbers never leave this file. What fits 64 bits is read and written without it: most numbers
 * do, and are only carried. */
#include "value/decimal.h"

#include <stdlib.h>

#include <gmp.h>

#include "base/memory.h"
#include "value/bounds.h"

/* Two's complement, big-endian, shortest form (Java's BigInteger.toByteArray). */
static struct bytes decimal_from_mpz(const mpz_t number, struct arena *arena)
{
    size_t bits = mpz_sizeinbase(number, 2);
    if (mpz_sgn(number) < 0 && mpz_scan1(number, 0) == bits - 1) {
        bits--; /* a negative power of two needs one bit less */
    }
    size_t size = bits / 8 + 1;
    uint8_t *data = arena_create(arena, size);
    mpz_t shifted;
    mpz_init_set(shifted, number);
    if (mpz_sgn(number) < 0) {
        mpz_t modulus;
        mpz_init(modulus);
        mpz_ui_pow_ui(modulus, 2, size * 8);
        mpz_add(shifted, shifted, modulus);
        mpz_clear(modulus);
    }
    size_t count = 0;
    size_t used = (mpz_sizeinbase(shifted, 2) + 7) / 8;
    if (mpz_sgn(shifted) != 0) {
        (void)mpz_export(data + size - used, &count, 1, 1, 1, 0, shifted);
    }
    mpz_clear(shifted);
    return bytes_of(data, size);
}

static void decimal_to_mpz(const struct decimal *decimal, mpz_t ret_number)
{
    struct bytes bytes = decimal->unscaled;
    mpz_import(ret_number, bytes.size, 1, 1, 1, 0, bytes.data);
    if (bytes.size > 0 && (bytes.data[0] & 0x80) != 0) {
        mpz_t modulus;
        mpz_init(modulus);
        mpz_ui_pow_ui(modulus, 2, bytes.size * 8);
        mpz_sub(ret_number, ret_number, modulus);
        mpz_clear(modulus);
    }
}

enum {
    SMALL_DIGITS_MAX = 18, /* of what surely fits int64_t */
};

/* Of the shortest form. */
static size_t decimal_small_size(int64_t number)
{
    size_t size = 1;
    while (size < sizeof(number) && (number >> (size * 8 - 1)) != (number < 0 ? -1 : 0)) {
        size++;
    }
    return size;
}

/* As decimal_from_mpz. */
static struct bytes decimal_from_small(int64_t number, struct arena *arena)
{
    size_t size = decimal_small_size(number);
    uint8_t *data = arena_create(arena, size);
    for (size_t i = 0; i < size; i++) {
        data[size - 1 - i] = (uint8_t)((uint64_t)number >> (i * 8));
    }
    return bytes_of(data, size);
}

/* Of digits, perhaps after a minus. */
static struct bytes decimal_from_text(struct bytes text, struct arena *arena)
{
    bool is_negative = text.size > 0 && text.data[0] == '-';
    if (text.size - is_negative <= SMALL_DIGITS_MAX) {
        int64_t number = 0;
        for (size_t i = is_negative; i < text.size; i++) {
            number = number * 10 + (text.data[i] - '0');
        }
        return decimal_from_small(is_negative ? -number : number, arena);
    }
    mpz_t number;
    mpz_init(number);
    CHECK(mpz_set_str(number, arena_copy_text(arena, text), 10) == 0);
    struct bytes unscaled = decimal_from_mpz(number, arena);
    mpz_clear(number);
    return unscaled;
}

/* The number of bytes that fit it. */
static int64_t decimal_small(struct bytes unscaled)
{
    uint64_t number = unscaled.size > 0 && (unscaled.data[0] & 0x80) != 0 ? UINT64_MAX : 0;
    for (size_t i = 0; i < unscaled.size; i++) {
        number = number << 8 | unscaled.data[i];
    }
    return (int64_t)number;
}

/* Digits and point of "123.45", up to the exponent: *ret_scale is the number of digits after the point, *ret_end where
 * it stopped. False when there are none. */
static bool decimal_scan_digits(struct bytes text, size_t from, struct buffer *digits, int64_t *ret_scale,
                                size_t *ret_end)
{
    bool has_point = false;
    size_t first = digits->size;
    size_t i = from;
    *ret_scale = 0;
    for (; i < text.size && text.data[i] != 'e' && text.data[i] != 'E'; i++) {
        uint8_t c = text.data[i];
        if (c == '.' && !has_point) {
            has_point = true;
            continue;
        }
        if (c < '0' || c > '9') {
            return false;
        }
        buffer_put_u8(digits, c);
        *ret_scale += has_point;
    }
    *ret_end = i;
    return digits->size > first;
}

/* What follows the letter e: an optional sign and digits. */
static bool decimal_scan_exponent(struct bytes text, int64_t *ret_exponent)
{
    char copy[16] = "";
    char *end = NULL;
    if (text.size == 0 || text.size >= sizeof(copy)) {
        return false;
    }
    memcpy(copy, text.data, text.size);
    bool is_signed = copy[0] == '-' || copy[0] == '+';
    char first_digit = copy[is_signed ? 1 : 0];
    *ret_exponent = strtol(copy, &end, 10);
    return first_digit >= '0' && first_digit <= '9' && *end == '\0';
}

/* Collects sign and digits of "-123.45e6" into `digits`; false when the text is malformed. */
static bool decimal_scan(struct bytes text, struct buffer *digits, int64_t *ret_scale)
{
    size_t i = text.size > 0 && (text.data[0] == '-' || text.data[0] == '+') ? 1 : 0;
    int64_t exponent = 0;
    if (i == 1 && text.data[0] == '-') {
        buffer_put_u8(digits, '-');
    }
    if (!decimal_scan_digits(text, i, digits, ret_scale, &i) ||
        (i < text.size && !decimal_scan_exponent(bytes_from(text, i + 1), &exponent))) {
        return false;
    }
    *ret_scale -= exponent;
    return true;
}

enum status decimal_parse(struct bytes text, struct arena *arena, struct decimal *ret_decimal,
                          struct error *error)
{
    if (text.size > DECIMAL_TEXT_BYTES_MAX) {
        return error_set(error, STATUS_TOO_LARGE, "a number of %zu characters; %d are allowed", text.size,
                         DECIMAL_TEXT_BYTES_MAX);
    }
    uint8_t space[DECIMAL_SPACE];
    struct buffer digits = buffer_over(space, sizeof(space));
    int64_t scale = 0;
    enum status status = STATUS_OK;
    if (!decimal_scan(text, &digits, &scale)) {
        status = error_set(error, STATUS_INVALID, "%.*s is not a number",
                           (int)(text.size < 60 ? text.size : 60), (const char *)text.data);
    } else if (scale > DECIMAL_EXPONENT_MAX || scale < -DECIMAL_EXPONENT_MAX) {
        status = error_set(error, STATUS_TOO_LARGE, "the number's exponent is out of range");
    }
    if (status == STATUS_OK) {
        *ret_decimal = (struct decimal){.scale = (int32_t)scale,
                                        .unscaled = decimal_from_text(buffer_bytes(&digits), arena)};
    }
    buffer_reset(&digits);
    return status;
}

/* Appends the magnitude's digits, without sign. */
static void decimal_magnitude(const struct decimal *decimal, struct buffer *digits, bool *ret_is_negative)
{
    if (decimal->unscaled.size <= sizeof(int64_t)) {
        int64_t small = decimal_small(decimal->unscaled);
        *ret_is_negative = small < 0;
        buffer_put_decimal(digits, small < 0 ? 0 - (uint64_t)small : (uint64_t)small);
        return;
    }
    mpz_t number;
    mpz_init(number);
    decimal_to_mpz(decimal, number);
    *ret_is_negative = mpz_sgn(number) < 0;
    mpz_abs(number, number);
    size_t room = mpz_sizeinbase(number, 10) + 2;
    char *at = (char *)buffer_extend(digits, room);
    (void)mpz_get_str(at, 10, number);
    digits->size = digits->size - room + strlen(at);
    mpz_clear(number);
}

void decimal_digits(const struct decimal *decimal, struct buffer *ret_digits, int64_t *ret_exponent,
                    bool *ret_is_negative)
{
    size_t start = ret_digits->size;
    decimal_magnitude(decimal, ret_digits, ret_is_negative);
    size_t count = ret_digits->size - start;
    *ret_exponent = (int64_t)count - decimal->scale;
    while (ret_digits->size > start && ret_digits->data[ret_digits->size - 1] == '0') {
        ret_digits->size--;
    }
    if (ret_digits->size == start) {
        *ret_exponent = 0;
    }
}

struct decimal decimal_of_digits(struct bytes digits, int64_t exponent, bool is_negative, struct arena *arena)
{
    uint8_t space[DECIMAL_SPACE];
    struct buffer text = buffer_over(space, sizeof(space));
    if (is_negative) {
        buffer_put_u8(&text, '-');
    }
    buffer_put(&text, digits);
    if (digits.size == 0) {
        buffer_put_u8(&text, '0');
    }
    struct decimal decimal = {.scale = digits.size == 0 ? 0 : (int32_t)((int64_t)digits.size - exponent),
                              .unscaled = decimal_from_text(buffer_bytes(&text), arena)};
    buffer_reset(&text);
    return decimal;
}

/* `magnitude`: of the first digit, as a power of ten. */
static enum status decimal_check_range(size_t digits, int64_t magnitude, struct error *error)
{
    if (digits > NUMBER_DIGITS_MAX) {
        return error_set(error, STATUS_TOO_LARGE,
                         "a number has up to %d significant digits, this one has %zu", NUMBER_DIGITS_MAX,
                         digits);
    }
    if (digits > 0 && magnitude > NUMBER_EXPONENT_MAX) {
        return error_set(error, STATUS_TOO_LARGE, "the number is larger than 9.99…E+%d", NUMBER_EXPONENT_MAX);
    }
    if (digits > 0 && magnitude < NUMBER_EXPONENT_MIN) {
        return error_set(error, STATUS_TOO_LARGE, "the number is closer to zero than 1E%d",
                         NUMBER_EXPONENT_MIN);
    }
    return STATUS_OK;
}

/* Of what fits 64 bits. */
static enum status decimal_normalise_small(const struct decimal *decimal, struct arena *arena,
                                           struct decimal *ret_decimal, struct error *error)
{
    const int64_t given = decimal_small(decimal->unscaled);
    int64_t number = given;
    int64_t scale = given == 0 ? 0 : decimal->scale;
    size_t digits = 0;
    while (number != 0 && number % 10 == 0) {
        number /= 10;
        scale--;
    }
    for (int64_t rest = number; rest != 0; rest /= 10) {
        digits++;
    }
    enum status status = decimal_check_range(digits, (int64_t)digits - scale - 1, error);
    if (status != STATUS_OK) {
        return status;
    }
    bool is_normal =
        number == given && scale == decimal->scale && decimal_small_size(number) == decimal->unscaled.size;
    *ret_decimal =
        is_normal ? *decimal
                  : (struct decimal){.scale = (int32_t)scale, .unscaled = decimal_from_small(number, arena)};
    return STATUS_OK;
}

enum status decimal_normalise(const struct decimal *decimal, struct arena *arena, struct decimal *ret_decimal,
                              struct error *error)
{
    if (decimal->unscaled.size <= sizeof(int64_t)) {
        return decimal_normalise_small(decimal, arena, ret_decimal, error);
    }
    uint8_t space[DECIMAL_SPACE];
    struct buffer digits = buffer_over(space, sizeof(space));
    int64_t exponent = 0;
    bool is_negative = false;
    decimal_digits(decimal, &digits, &exponent, &is_negative);
    enum status status = decimal_check_range(digits.size, exponent - 1, error);
    if (status == STATUS_OK) {
        *ret_decimal = decimal_of_digits(buffer_bytes(&digits), exponent, is_negative, arena);
    }
    buffer_reset(&digits);
    return status;
}

void decimal_format(const struct decimal *decimal, struct buffer *buffer)
{
    enum {
        ZEROS_MAX = 20, /* more are written as an exponent */
    };
    uint8_t space[DECIMAL_SPACE];
    struct buffer digits = buffer_over(space, sizeof(space));
    bool is_negative = false;
    decimal_magnitude(decimal, &digits, &is_negative);
    int64_t scale = decimal->scale;
    int64_t count = (int64_t)digits.size;
    if (is_negative) {
        buffer_put_u8(buffer, '-');
    }
    if (scale < -ZEROS_MAX || scale - count > ZEROS_MAX) {
        buffer_put(buffer, buffer_bytes(&digits));
        buffer_put_format(buffer, "E%+lld", (long long)-scale);
    } else if (scale <= 0) {
        bool is_zero = count == 1 && digits.data[0] == '0';
        buffer_put(buffer, buffer_bytes(&digits));
        for (int64_t i = 0; i < -scale && !is_zero; i++) {
            buffer_put_u8(buffer, '0');
        }
    } else if (scale < count) {
        buffer_put(buffer, bytes_part(buffer_bytes(&digits), 0, (size_t)(count - scale)));
        buffer_put_u8(buffer, '.');
        buffer_put(buffer, bytes_from(buffer_bytes(&digits), (size_t)(count - scale)));
    } else {
        buffer_put_text(buffer, "0.");
        for (int64_t i = 0; i < scale - count; i++) {
            buffer_put_u8(buffer, '0');
        }
        buffer_put(buffer, buffer_bytes(&digits));
    }
    buffer_reset(&digits);
}

static bool decimal_is_negative(struct bytes unscaled)
{
    return unscaled.size > 0 && (unscaled.data[0] & 0x80) != 0;
}

/* Two's complement without the bytes that only repeat the sign. */
static struct bytes decimal_shorten(struct bytes unscaled)
{
    uint8_t sign = decimal_is_negative(unscaled) ? 0xFF : 0;
    while (unscaled.size > 1 && unscaled.data[0] == sign && (unscaled.data[1] & 0x80) == (sign & 0x80)) {
        unscaled = bytes_from(unscaled, 1);
    }
    return unscaled;
}

struct decimal decimal_of_unscaled(int32_t scale, struct bytes unscaled)
{
    return (struct decimal){.scale = scale, .unscaled = decimal_shorten(unscaled)};
}

static int decimal_compare_unscaled(struct bytes a, struct bytes b)
{
    bool is_negative = decimal_is_negative(a);
    if (is_negative != decimal_is_negative(b)) {
        return is_negative ? -1 : 1;
    }
    a = decimal_shorten(a);
    b = decimal_shorten(b);
    if (a.size != b.size) {
        return (a.size < b.size) == is_negative ? 1 : -1;
    }
    return bytes_compare(a, b);
}

int decimal_compare(const struct decimal *a, const struct decimal *b)
{
    if (a->scale == b->scale) {
        return decimal_compare_unscaled(a->unscaled, b->unscaled);
    }
    struct buffer left = {0};
    struct buffer right = {0};
    int64_t left_exponent = 0;
    int64_t right_exponent = 0;
    bool left_negative = false;
    bool right_negative = false;
    decimal_digits(a, &left, &left_exponent, &left_negative);
    decimal_digits(b, &right, &right_exponent, &right_negative);
    int left_sign = left.size == 0 ? 0 : left_negative ? -1 : 1;
    int right_sign = right.size == 0 ? 0 : right_negative ? -1 : 1;
    int order = left_sign - right_sign;
    if (order == 0 && left_exponent != right_exponent) {
        order = left_exponent < right_exponent ? -left_sign : left_sign;
    } else if (order == 0) {
        int digits = bytes_compare(buffer_bytes(&left), buffer_bytes(&right));
        order = left_sign * (digits > 0 ? 1 : digits < 0 ? -1 : 0);
    }
    buffer_reset(&left);
    buffer_reset(&right);
    return order;
}

struct decimal decimal_of_integer(int64_t number, struct arena *arena)
{
    return (struct decimal){.unscaled = decimal_from_small(number, arena)};
}

bool decimal_to_integer(const struct decimal *decimal, int64_t *ret_number)
{
    uint8_t space[DECIMAL_SPACE];
    struct buffer digits = buffer_over(space, sizeof(space));
    int64_t exponent = 0;
    bool is_negative = false;
    decimal_digits(decimal, &digits, &exponent, &is_negative);
    bool fits = exponent >= (int64_t)digits.size && exponent <= 19;
    __int128 number = 0;
    for (int64_t i = 0; fits && i < exponent; i++) {
        number = number * 10 + ((size_t)i < digits.size ? digits.data[i] - '0' : 0);
    }
    number = is_negative ? -number : number;
    buffer_reset(&digits);
    if (!fits || number < INT64_MIN || number > INT64_MAX) {
        return false;
    }
    *ret_number = (int64_t)number;
    return true;
}

double decimal_to_double(const struct decimal *decimal)
{
    struct buffer text = {0};
    decimal_format(decimal, &text);
    buffer_put_u8(&text, 0);
    double number = strtod((const char *)text.data, NULL);
    buffer_reset(&text);
    return number;
}

struct decimal decimal_add(const struct decimal *a, const struct decimal *b, bool is_minus,
                           struct arena *arena)
{
    mpz_t left;
    mpz_t right;
    mpz_t factor;
    int32_t scale = a->scale > b->scale ? a->scale : b->scale;
    mpz_inits(left, right, factor, NULL);
    decimal_to_mpz(a, left);
    decimal_to_mpz(b, right);
    mpz_ui_pow_ui(factor, 10, (unsigned long)(scale - a->scale));
    mpz_mul(left, left, factor);
    mpz_ui_pow_ui(factor, 10, (unsigned long)(scale - b->scale));
    mpz_mul(right, right, factor);
    if (is_minus) {
        mpz_sub(left, left, right);
    } else {
        mpz_add(left, left, right);
    }
    struct decimal sum = {.scale = scale, .unscaled = decimal_from_mpz(left, arena)};
    mpz_clears(left, right, factor, NULL);
    return sum;
}

struct decimal decimal_multiply(const struct decimal *a, const struct decimal *b, struct arena *arena)
{
    mpz_t left;
    mpz_t right;
    mpz_inits(left, right, NULL);
    decimal_to_mpz(a, left);
    decimal_to_mpz(b, right);
    mpz_mul(left, left, right);
    struct decimal product = {.scale = a->scale + b->scale, .unscaled = decimal_from_mpz(left, arena)};
    mpz_clears(left, right, NULL);
    return product;
}

/* number × 10^power; a negative power divides and cuts. */
static void decimal_shift(mpz_t number, int64_t power)
{
    mpz_t factor;
    mpz_init(factor);
    mpz_ui_pow_ui(factor, 10, (unsigned long)(power < 0 ? -power : power));
    if (power < 0) {
        mpz_tdiv_q(number, number, factor);
    } else {
        mpz_mul(number, number, factor);
    }
    mpz_clear(factor);
}

static int64_t decimal_precision(const mpz_t number)
{
    size_t digits = mpz_sizeinbase(number, 10); /* may be one too many */
    mpz_t least;
    mpz_init(least);
    mpz_ui_pow_ui(least, 10, digits - 1);
    bool is_less = mpz_cmpabs(number, least) < 0;
    mpz_clear(least);
    return (int64_t)digits - (is_less && digits > 1 ? 1 : 0);
}

/* left becomes left / right, half up. */
static void decimal_quotient(mpz_t left, const mpz_t right)
{
    mpz_t rest;
    mpz_init(rest);
    int sign = mpz_sgn(left) * mpz_sgn(right);
    mpz_tdiv_qr(left, rest, left, right);
    mpz_mul_2exp(rest, rest, 1);
    if (mpz_cmpabs(rest, right) >= 0) {
        if (sign < 0) {
            mpz_sub_ui(left, left, 1);
        } else {
            mpz_add_ui(left, left, 1);
        }
    }
    mpz_clear(rest);
}

static void decimal_strip(mpz_t number, int64_t *scale)
{
    if (mpz_sgn(number) == 0) {
        *scale = 0;
        return;
    }
    while (mpz_divisible_ui_p(number, 10) != 0) {
        mpz_divexact_ui(number, number, 10);
        (*scale)--;
    }
}

struct decimal decimal_divide(const struct decimal *a, const struct decimal *b, struct arena *arena)
{
    enum {
        SIGNIFICANT_DIGITS = 32,
        DECIMALS_MAX = 1000,
    };
    mpz_t left;
    mpz_t right;
    mpz_inits(left, right, NULL);
    decimal_to_mpz(a, left);
    decimal_to_mpz(b, right);
    int64_t first = (decimal_precision(left) - a->scale) - (decimal_precision(right) - b->scale);
    int64_t least = a->scale > b->scale ? a->scale : b->scale;
    int64_t scale = SIGNIFICANT_DIGITS - first;
    scale = scale < least ? least : scale;
    scale = scale < SIGNIFICANT_DIGITS ? SIGNIFICANT_DIGITS : scale;
    scale = scale > DECIMALS_MAX && DECIMALS_MAX >= least ? DECIMALS_MAX : scale;
    int64_t zeros = scale - a->scale + b->scale;
    if (zeros < 0) {
        decimal_shift(right, -zeros);
    } else {
        decimal_shift(left, zeros);
    }
    decimal_quotient(left, right);
    decimal_strip(left, &scale);
    struct decimal quotient = {.scale = (int32_t)scale, .unscaled = decimal_from_mpz(left, arena)};
    mpz_clears(left, right, NULL);
    return quotient;
}

struct decimal decimal_remainder(const struct decimal *a, const struct decimal *b, struct arena *arena)
{
    mpz_t left;
    mpz_t right;
    int32_t scale = a->scale > b->scale ? a->scale : b->scale;
    mpz_inits(left, right, NULL);
    decimal_to_mpz(a, left);
    decimal_to_mpz(b, right);
    decimal_shift(left, scale - a->scale);
    decimal_shift(right, scale - b->scale);
    mpz_tdiv_r(left, left, right);
    struct decimal rest = {.scale = scale, .unscaled = decimal_from_mpz(left, arena)};
    mpz_clears(left, right, NULL);
    return rest;
}

struct decimal decimal_truncate(const struct decimal *decimal, struct arena *arena)
{
    mpz_t number;
    mpz_init(number);
    decimal_to_mpz(decimal, number);
    decimal_shift(number, -(int64_t)decimal->scale);
    struct decimal whole = {.unscaled = decimal_from_mpz(number, arena)};
    mpz_clear(number);
    return whole;
}

bool decimal_is_zero(const struct decimal *decimal)
{
    bool is_zero = true;
    for (size_t i = 0; i < decimal->unscaled.size && is_zero; i++) {
        is_zero = decimal->unscaled.data[i] == 0;
    }
    return is_zero;
}
