// Estimates from codes at every level: exact sums, for every width of code and number of dimensions,
// at any address, one record or many.
#include "guarded.hpp"
#include "levels.hpp"

#include <cmath>
#include <memory>
#include <random>

namespace {

using namespace quiver::kernels;
using unit::Guarded;

class CodeKernelsTest : public unit::PerLevel
{
};
RUN_PER_LEVEL(CodeKernelsTest);

struct Case
{
    std::size_t dims;
    unsigned bits;
    std::size_t slack;  // bytes between the last record and forbidden memory
};

// Records of random bytes, each with forbidden memory behind it, and a query of random lanes.
class Fixture
{
public:
    Fixture(const Case &c, std::size_t count, std::mt19937 &random)
        : bytes_(code_bytes(c.dims, c.bits)),
          bits_(c.bits),
          memory_(code_query_bytes(c.dims, c.bits))
    {
        for (std::size_t r = 0; r < count; r++)
        {
            std::vector<std::uint8_t> record(code_record_bytes(c.dims, c.bits));
            for (std::uint8_t &byte : record)
                byte = static_cast<std::uint8_t>(random());
            const CodeFactors factors{static_cast<float>(random() % 1000),
                                      static_cast<float>(random() % 1000) / 500};
            std::memcpy(record.data(), &factors, sizeof factors);
            records_.push_back(std::make_unique<Guarded<std::uint8_t>>(record, c.slack));
            addresses.push_back(records_.back()->data());
        }
        query.lanes = memory_.data() + code_query_lead;
        query.bytes = static_cast<std::uint32_t>(bytes_);
        query.bits = c.bits;
        query.dims = static_cast<std::uint32_t>(c.dims);
        query.base = 12.5F;
        query.scale = 0.037F;
        query.shift = -3.25F;
        query.norm = 1;
        for (std::size_t i = 0; i < bytes_ * (8 / c.bits); i++)
            query.lanes[i] = static_cast<std::int8_t>(i % 97 == 0 ? -128 : random());
        // What lies before the lanes may be anything.
        for (std::size_t i = 0; i < code_query_lead; i++)
            memory_.data()[i] = static_cast<std::int8_t>(random());
    }

    void check(const CodeKernels &kernels)
    {
        std::vector<float> out(addresses.size() + 1, -1);
        kernels.estimate_many[code_width(bits_)](query, addresses.data(), addresses.size(),
                                                 out.data());
        for (std::size_t r = 0; r < addresses.size(); r++)
        {
            CodeFactors f;
            std::memcpy(&f, addresses[r], sizeof f);
            std::int64_t sum = 0;
            for (unsigned field = 0; field < 8 / bits_; field++)
                for (std::size_t j = 0; j < bytes_; j++)
                    sum += (addresses[r][8 + j] >> field * bits_ & ((1 << bits_) - 1)) *
                           query.lanes[field * bytes_ + j];
            const double product = double(query.scale) * double(sum);
            const double exact =
                double(query.base) + double(f.a) - double(f.b) * (product + double(query.shift));
            const double size = double(query.base) + double(f.a) +
                                double(f.b) * (std::fabs(product) + std::fabs(double(query.shift)));
            ASSERT_NEAR(out[r], exact, level_error * size)
                << query.dims << " dims, " << bits_ << " bits, record " << r;
        }
        ASSERT_EQ(out.back(), -1) << "written past the end";
    }

    std::vector<const std::uint8_t *> addresses;
    CodeQuery query{};

private:
    std::size_t bytes_;
    unsigned bits_;
    Guarded<std::int8_t> memory_;
    std::vector<std::unique_ptr<Guarded<std::uint8_t>>> records_;
};

TEST_P(CodeKernelsTest, every_dimension)
{
    std::mt19937 random(20271);
    for (unsigned bits : {1, 2, 4, 8})
        for (std::size_t dims = 1; dims <= 1100; dims++)
        {
            Fixture fixture({dims, bits, dims % 7}, 5, random);
            fixture.check(kernels.code);
            if (HasFatalFailure())
                return;
        }
}

TEST_P(CodeKernelsTest, any_number_of_records)
{
    std::mt19937 random(20272);
    for (unsigned bits : {1, 2, 4, 8})
        for (std::size_t dims : {8, 100, 784})
            for (std::size_t count = 0; count <= 37; count++)
            {
                Fixture fixture({dims, bits, 0}, count, random);
                fixture.check(kernels.code);
                if (HasFatalFailure())
                    return;
            }
}

// 16,000 dimensions of the largest fields and lanes: the largest sums there are.
TEST_P(CodeKernelsTest, extremes_do_not_overflow)
{
    std::mt19937 random(20273);
    for (unsigned bits : {1, 2, 4, 8})
        for (int lane : {-128, 127})
        {
            Fixture fixture({16000, bits, 0}, 4, random);
            for (const std::uint8_t *record : fixture.addresses)
                std::memset(const_cast<std::uint8_t *>(record) + 8, 0xFF, code_bytes(16000, bits));
            std::memset(fixture.query.lanes, lane, code_bytes(16000, bits) * (8 / bits));
            fixture.check(kernels.code);
            if (HasFatalFailure())
                return;
        }
}

}  // namespace
