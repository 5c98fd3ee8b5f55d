// Logical messages in WAL under a prefix of any bytes.
#pragma once

#include "pg/hooks.hpp"

extern "C" {
#include "access/rmgr.h"
#include "access/xloginsert.h"
}

#include <string_view>

namespace quiver::pg {

// As LogLogicalMessage(), outside of the transaction and without a flush. The prefix has its zero at the end; with more of them it is one that
// pg_logical_emit_message(), which everybody may call, cannot write.
inline XLogRecPtr log_message(std::string_view prefix, const char *bytes, Size size)
{
    xl_logical_message head{};
    head.dbId = MyDatabaseId;
    head.transactional = false;
    head.prefix_size = prefix.size();
    head.message_size = size;
    XLogBeginInsert();
    XLogRegisterData(reinterpret_cast<char *>(&head), SizeOfLogicalMessage);
    XLogRegisterData(const_cast<char *>(prefix.data()), static_cast<int>(prefix.size()));
    XLogRegisterData(const_cast<char *>(bytes), static_cast<int>(size));
    XLogSetRecordFlags(XLOG_INCLUDE_ORIGIN);
    return XLogInsert(RM_LOGICALMSG_ID, XLOG_LOGICAL_MESSAGE);
}

inline bool has_prefix(const xl_logical_message &message, std::string_view prefix)
{
    return std::string_view{message.message, message.prefix_size} == prefix;
}

}  // namespace quiver::pg
