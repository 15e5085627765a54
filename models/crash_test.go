package models_test

const crashEnv = "TILLPOST_TEST_CRASH"

func crash() {}
