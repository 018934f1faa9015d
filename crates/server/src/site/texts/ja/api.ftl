# 管理API
