"""XGBoost and LightGBM: boosters and estimators, and checks of their files before the libraries read them.

xgboost, lightgbm      the flavors
xgboostfile, ubjson    XGBoost's file, in the form of https://ubjson.org
lightgbmfile           LightGBM's text file
"""
